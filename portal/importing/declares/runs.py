"""Declare the runs of imports: their words, and what their pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from portal.importing import runs
from portal.importing.faults import MOST_SHOWN
from portal.jobs import run_kinds, selectors
from portal.jobs.lists import PERMISSION
from portal.jobs.models import Run, RunItem
from portal.lib import lists


@dataclass(frozen=True)
class FaultRow:
    """A fault in a list."""

    file: str
    line: int
    column: str
    sentence: str


def _rows(found: Sequence[Any]) -> tuple[FaultRow, ...]:
    return tuple(
        FaultRow(item.data["file"], item.data["line"], item.data["column"], item.sentence) for item in found
    )


_NO_MORE = lists.Empty("No more on this page", "The first page has them.", "clock")
FAULTS: lists.List[FaultRow] = lists.List(
    name="faults",
    title="Faults",
    about="",
    permission=PERMISSION,
    rows=selectors.all_items,
    read=_rows,
    columns=(
        lists.Column("File", lambda row: row.file, is_heading=True),
        lists.Column("Line", lambda row: row.line, kind=int),
        lists.Column("Column", lambda row: row.column, css="text-break"),
        lists.Column("What is wrong", lambda row: row.sentence, css="text-break sentence"),
    ),
    # In the order in which they were printed.
    sorts=(
        lists.Sort("place", ("id",), ascending="first to last", descending="last to first", is_descending=False),
    ),
    empty=_NO_MORE,
    no_match=_NO_MORE,
)


def _faults(run: Run) -> QuerySet[RunItem] | None:
    return selectors.items(run, outcome=RunItem.Outcome.FAULT) if run.count("faults") else None


def _facts(run: Run) -> tuple[tuple[str, object], ...]:
    return (
        ("Directory", run.parameters.get("directory", "")),
        ("Known rows that changed", "Taken over (--update)" if run.parameters.get("update") else "Faults"),
    )


def _what_to_do(run: Run) -> str:
    what = "Nothing of the directory was imported. Correct these lines, and import it again."
    if run.count("faults") <= MOST_SHOWN:
        return what
    return (
        f"{what} The first {MOST_SHOWN:,} of {run.count('faults'):,} faults were kept; the parts have all counts."
    )


run_kinds.declare(
    run_kinds.Kind(
        code=runs.KIND,
        label="Import",
        title="Import",
        counts={
            "new": "New",
            "changed": "Changed",
            "unchanged": "Unchanged",
            "exceptions": "Exceptions",
            "faults": "Faults",
        },
        in_list=("new", "changed", "unchanged", "exceptions", "faults"),
        unfinished="The import is no longer at work. It would have been written as a whole, at its end: nothing of "
        "it is or will be. Import again.",
        at_work="An import is written as a whole, at its end: so far nothing is. Another import waits for it.",
        facts=_facts,
        about=lambda parameters: str(parameters.get("directory", "")),
        sections=(
            run_kinds.Section(
                "faults",
                "Faults",
                FAULTS,
                _faults,
                text=_what_to_do,
            ),
        ),
    )
)
