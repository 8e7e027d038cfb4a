"""Write the run of an import: before it, with what it writes, and after it was refused."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.db import InterfaceError, OperationalError

from portal import frame
from portal.importing import refusals
from portal.importing.faults import Fault
from portal.jobs import operations as jobs
from portal.jobs.models import Run, RunItem
from portal.lib import text

KIND = "import"


def begin(directory: Path, *, sizes: Mapping[str, int], is_update: bool, at: datetime) -> Run:
    """Insert the run in a transaction of its own. *Shape*: `sizes` are the bytes of each file, by its name."""
    with frame.operation("import_data"):
        return jobs.begin(
            kind=KIND,
            by=frame.IMPORT,
            at=at,
            parameters={"directory": text.harmless(str(directory)), "update": is_update},
            parts=[jobs.Part(name, size) for name, size in sizes.items()],
        )


def finish(run: Run, *, counts: Mapping[str, Mapping[str, int]], at: datetime) -> None:
    """Write the counts of each file and the end of the run, in the transaction of what was imported."""
    for name, counted in counts.items():
        jobs.add(run.pk, counts=counted, part=name)
        jobs.end_part(run.pk, name=name, at=at)
    jobs.finish(run.pk, at=at)


def refuse(run: Run, refusal: frame.Refused, *, at: datetime) -> None:
    """Keep why nothing was written, after that was rolled back. A database that is away keeps nothing."""
    if isinstance(refusal, refusals.BrokenOff) and refusal.may_be_written:
        # Where all is written, its end is too.
        return
    faults = refusal if isinstance(refusal, refusals.DirectoryFaulty) else None
    with contextlib.suppress(OperationalError, InterfaceError), frame.operation("import_data"):
        if faults:
            jobs.add_items(run.pk, items=[_item(fault) for fault in faults.first], outcome=RunItem.Outcome.FAULT)
            for name, count in faults.by_file.items():
                jobs.add(run.pk, counts={"faults": count}, part=name)
                jobs.fail_part(run.pk, name=name, at=at)
        jobs.finish(run.pk, refusal=str(refusal), at=at)


def _item(fault: Fault) -> jobs.Item:
    # A header may hold what no database keeps.
    name, column, sentence = (text.harmless(part) for part in (fault.name, fault.column, fault.sentence))
    return jobs.Item(sentence=sentence, data={"file": name, "line": fault.line, "column": column})
