"""The lists of runs, of their parts and of their items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from portal.jobs import run_kinds, selectors
from portal.jobs.models import RunItem, RunPart
from portal.jobs.selectors import ItemRow, RunRow
from portal.lib import lists, signposts
from portal.lib.lists import cells, filters

PERMISSION = "jobs.view_run"
# What a state is called, and the tone of its badge.
_STATES = {
    selectors.UNFINISHED: ("Not finished", "warning"),
    selectors.REFUSED: ("Refused", "danger"),
    selectors.STOPPED: ("Stopped", "warning"),
    selectors.FAULTY: ("With failures", "warning"),
    selectors.DONE: ("Finished", "success"),
}
_TONES: dict[str, str] = {
    RunPart.State.RUNNING: "info",
    RunPart.State.DONE: "success",
    RunPart.State.STOPPED: "warning",
    RunPart.State.FAILED: "danger",
}


class RunFilters(filters.Filters):
    """What runs can be filtered by. There are a few each day, so a page looks through many days of them."""

    kind = filters.Choice("Kind", "kind", choices=run_kinds.labels)
    state = filters.Choice(
        "State", choices=[(code, word) for code, (word, _) in _STATES.items()], ask=selectors.STATES.__getitem__
    )
    started_from = filters.From("Started from", "started_at", is_instant=True, leads_in=("newest",))
    started_to = filters.To("Started to", "started_at", is_instant=True, leads_in=("newest",))


def state(code: str) -> cells.Code:
    """Write how a run stands."""
    word, tone = _STATES[code]
    return cells.Code(code, word, tone)


def _told(counts: Mapping[str, int], *, names: Iterable[str], labels: Mapping[str, str]) -> str:
    """Write what was counted under some names, as far as anything was: 1,234 terminated, 2 failed."""
    return ", ".join(f"{counts[name]:,} {labels.get(name, name).lower()}" for name in names if counts.get(name))


def _counted(row: RunRow) -> str:
    kind = run_kinds.of(row.kind)
    return _told(row.counts, names=kind.in_list if kind else row.counts, labels=kind.counts if kind else {})


def _kind(row: RunRow) -> cells.Word | cells.Under:
    kind, about = cells.Word(row.kind, run_kinds.label_of(row.kind)), run_kinds.about(row.kind, row.parameters)
    return cells.Under(kind, (about,)) if about else kind


RUNS: lists.List[RunRow] = lists.List(
    name="runs",
    title="Runs",
    about="What the portal did on its own or in bulk: nights and their steps, imports. Dates and times are UTC.",
    permission=PERMISSION,
    rows=selectors.runs,
    read=selectors.run_rows,
    columns=(
        lists.Column(
            "Started",
            lambda row: cells.Link(row.started_at, cells.address("jobs:run", row.uuid)),
            is_heading=True,
        ),
        lists.Column("Kind", _kind, css="text-break"),
        lists.Column("About", lambda row: run_kinds.about(row.kind, row.parameters), on="file"),
        lists.Column("By", lambda row: row.actor),
        lists.Column("As of", lambda row: row.as_of, kind=cells.Day),
        lists.Column("Counts", _counted, css="sentence"),
        lists.Column("State", lambda row: state(row.state), kind=cells.Code),
        lists.Column("Finished", lambda row: row.finished_at, kind=cells.Instant),
        lists.Column("Run UUID", lambda row: row.uuid, on="file"),
    ),
    sorts=(lists.NEWEST,),
    filters=RunFilters,
    empty=lists.Empty(
        "Nothing has run yet",
        "Whoever runs the server starts “./run nightly” every night, and an import with “./run import_data”. "
        "Operations (docs/operations.md) says how.",
        "clock",
    ),
    no_match=lists.Empty("No run matches", "The newest ones are on the first page; clear the filters.", "clock"),
)


def _about(row: ItemRow) -> cells.Link | cells.Under | None:
    if row.subject_uuid is None:
        return None
    address = signposts.find(row.subject_kind)
    if address is None:
        return cells.Under(row.subject_uuid, (row.subject_kind,))
    return cells.Link(row.subject_uuid, cells.address(address, row.subject_uuid))


ITEMS: lists.List[ItemRow] = lists.List(
    name="items",
    title="Items",
    about="",
    permission=PERMISSION,
    rows=selectors.all_items,
    read=selectors.item_rows,
    columns=(
        lists.Column("About", _about, is_heading=True),
        lists.Column(
            "Outcome",
            lambda row: cells.Code(row.outcome, RunItem.Outcome(row.outcome).label, "warning"),
            kind=cells.Code,
        ),
        lists.Column("Sentence", lambda row: cells.Sentence(row.sentence), kind=cells.Sentence),
    ),
    sorts=(lists.NEWEST.reversed_(),),
    empty=lists.Empty("No more on this page", "The first page has them.", "clock"),
    no_match=lists.Empty("No more on this page", "The first page has them.", "clock"),
)


def parts(kind: run_kinds.Kind | None, found: Sequence[RunPart]) -> tuple[lists.Column[RunPart], ...]:
    """Give the columns of a run's parts, in the words of its kind; instants where a part has any."""
    names = kind.parts if kind else {}
    counts = kind.counts if kind else {}

    def progress(part: RunPart) -> cells.Under | str:
        done = _told(part.counts, names=part.counts, labels=counts)
        if part.total and part.state == RunPart.State.RUNNING:
            return cells.Under(done or "0", (f"of {part.total:,}",))
        return done

    return (
        lists.Column("Part", lambda part: names.get(part.name, part.name), is_heading=True),
        lists.Column(
            "State",
            lambda part: cells.Code(part.state, RunPart.State(part.state).label, _TONES.get(part.state, "")),
            kind=cells.Code,
        ),
        lists.Column("Counts", progress, css="sentence"),
        *([_PART_STARTED] if any(part.started_at for part in found) else []),
        *([_PART_FINISHED] if any(part.finished_at for part in found) else []),
    )


_PART_STARTED: lists.Column[RunPart] = lists.Column("Started", lambda part: part.started_at, kind=cells.Instant)
_PART_FINISHED: lists.Column[RunPart] = lists.Column("Finished", lambda part: part.finished_at, kind=cells.Instant)
