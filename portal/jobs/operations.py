"""Write runs: at their start, with each batch, at their end. A killed run never gets an end.

All of these are parts of an operation: its transaction has what a run counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from portal import frame
from portal.jobs import selectors, writer
from portal.jobs.models import Run, RunPart

_ADDED = """
    {row}.counts || (SELECT jsonb_object_agg(c.name, coalesce(({row}.counts ->> c.name)::bigint, 0) + c.count)
                     FROM unnest(%(names)s::text[], %(counts)s::bigint[]) AS c(name, count))
"""
# One statement, and one row of the run that workers wait for: no slower than counts in columns of their own.
_ADD = f"UPDATE jobs_run r SET counts = {_ADDED.format(row='r')} WHERE r.id = %(run)s"  # noqa: S608 - constants
_ADD_TO_PART = f"""
    WITH part AS (
        UPDATE jobs_runpart p SET counts = {_ADDED.format(row="p")}
        WHERE p.run_id = %(run)s AND p.name = %(part)s
    )
    {_ADD}
"""  # noqa: S608 - built from constants


@dataclass(frozen=True)
class Part:
    """A part that a run will have. *Shape*: `total` is how much there is to do, None where nobody knows."""

    name: str
    total: int | None = None


def begin(
    *,
    kind: str,
    by: frame.Actor,
    at: datetime,
    as_of: date | None = None,
    workers: int = 1,
    limit: int | None = None,
    report: str = "",
    parameters: Mapping[str, Any] | None = None,
    parts: Sequence[Part] = (),
) -> Run:
    """Insert a run with its parts. Its transaction holds nothing else, so that everybody sees it."""
    run = Run.objects.create(
        kind=kind,
        started_at=at,
        actor=by.name,
        as_of=as_of,
        workers=workers,
        limit=limit,
        report=report,
        parameters=parameters or {},
    )
    RunPart.objects.bulk_create(
        RunPart(run=run, place=place, name=part.name, total=part.total) for place, part in enumerate(parts)
    )
    return run


def hold(run_id: int) -> None:
    """Hold a run that is one transaction until it ends, so that everybody can tell that it is at work."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({selectors.HELD})", {"run": run_id})


def add(run_id: int, *, counts: Mapping[str, int], part: str = "") -> None:
    """Add to the counts of a run, and of its part. The transaction holds the rows that are counted."""
    found = {name: count for name, count in counts.items() if count}
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD_TO_PART if part else _ADD,
            {"run": run_id, "part": part, "names": list(found), "counts": list(found.values())},
        )


def start_part(run_id: int, *, name: str, at: datetime) -> None:
    """Say that a part is at work."""
    RunPart.objects.filter(run_id=run_id, name=name).update(state=RunPart.State.RUNNING, started_at=at)


def end_part(run_id: int, *, name: str, at: datetime, was_stopped: bool = False) -> None:
    """Say that a part is done, or that it was stopped."""
    close_part(run_id, name=name, state=RunPart.State.STOPPED if was_stopped else RunPart.State.DONE, at=at)


def fail_part(run_id: int, *, name: str, at: datetime) -> None:
    """Say that a part has failed."""
    close_part(run_id, name=name, state=RunPart.State.FAILED, at=at)


def close_part(run_id: int, *, name: str, state: RunPart.State, at: datetime) -> None:
    """Say what became of a part. One that was left out has no end, as it had no beginning."""
    ended_at = None if state == RunPart.State.LEFT_OUT else at
    RunPart.objects.filter(run_id=run_id, name=name).update(state=state, finished_at=ended_at)


@dataclass(frozen=True)
class Item:
    """What a run could not do, or would not. *Shape*: `subject` is a UUID of the kind that the items are about."""

    subject: UUID | None = None
    sentence: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def add_items(run_id: int, *, items: Sequence[Item], outcome: str, subject_kind: str = "") -> int:
    """Write items, and count those that are new."""
    written = writer.ITEMS.write(
        (
            {
                "run_id": run_id,
                "outcome": outcome,
                "subject_kind": subject_kind,
                "subject_uuid": item.subject,
                "sentence": item.sentence,
                "data": item.data,
            }
            for item in items
        ),
        then=f"{writer.ONCE} RETURNING 1",
    )
    return len(written)


def finish(run_id: int, *, at: datetime, was_stopped: bool = False, refusal: str = "") -> Run:
    """Write the end of a run. Parts that had no turn are left out; that which was at work has failed."""
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    parts = RunPart.objects.filter(run=run)
    parts.filter(state=RunPart.State.WAITING).update(state=RunPart.State.LEFT_OUT)
    parts.filter(state=RunPart.State.RUNNING).update(state=RunPart.State.FAILED)
    run.finished_at = max(at, run.started_at)
    run.was_stopped = was_stopped
    run.refusal = refusal
    run.save(update_fields=["finished_at", "was_stopped", "refusal"])
    return run


def forget_report(run: Run) -> None:
    """Clear the report's path of a run that was interrupted: its report is complete now."""
    Run.objects.filter(pk=run.pk, finished_at__isnull=True).update(report="")
