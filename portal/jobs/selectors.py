"""Read runs: the list, and all that one of them holds."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from portal.jobs.models import Run, RunItem, RunPart

UNFINISHED, REFUSED, STOPPED, FAULTY, DONE = "unfinished", "refused", "stopped", "failures", "done"

_ENDED = Q(finished_at__isnull=False)
_WRITTEN = _ENDED & Q(refusal="")
_FAILED = Q(counts__failed__gt=0)
# The first state that is so is that of a run; each is asked for by what is so of it alone.
STATES: Mapping[str, Q] = {
    UNFINISHED: ~_ENDED,
    REFUSED: _ENDED & ~Q(refusal=""),
    STOPPED: _WRITTEN & Q(was_stopped=True),
    FAULTY: _WRITTEN & Q(was_stopped=False) & _FAILED,
    # Where nothing is counted, the comparison gives neither true nor false.
    DONE: _WRITTEN & Q(was_stopped=False) & (Q(counts__failed__isnull=True) | Q(counts__failed=0)),
}


HELD = "hashtextextended('run', %(run)s)"
"""The key of the lock that a run which is one transaction holds while it is at work."""


@dataclass(frozen=True)
class RunRow:
    """A run in a list. *Shape*: instants are in UTC; an interrupted run has no end; `state` is one of the above."""

    uuid: uuids.UUID
    kind: str
    started_at: datetime
    actor: str
    as_of: date | None
    parameters: Mapping[str, Any]
    counts: Mapping[str, int]
    state: str
    finished_at: datetime | None


@dataclass(frozen=True)
class ItemRow:
    """An item in a list."""

    outcome: str
    subject_kind: str
    subject_uuid: uuids.UUID | None
    sentence: str


def state_of(run: Run) -> str:
    """Say how a run stands."""
    if run.finished_at is None:
        return UNFINISHED
    if run.refusal:
        return REFUSED
    if run.was_stopped:
        return STOPPED
    return FAULTY if run.count("failed") else DONE


def runs() -> QuerySet[Run]:
    """Give the query of all runs."""
    return Run.objects.all()


def run_rows(found: Sequence[Run]) -> tuple[RunRow, ...]:
    """Turn runs into values. No query."""
    return tuple(
        RunRow(
            uuid=run.uuid,
            kind=run.kind,
            started_at=run.started_at,
            actor=run.actor,
            as_of=run.as_of,
            parameters=run.parameters,
            counts=run.counts,
            state=state_of(run),
            finished_at=run.finished_at,
        )
        for run in found
    )


def is_held(run: Run) -> bool:
    """Tell whether the transaction of a run is at work. The lock that asks is gone with its statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock_shared({HELD})", {"run": run.pk})
        return not cursor.fetchone()[0]


def run_of(run_uuid: uuids.UUID) -> Run:
    """Read a run. *Raises*: Run.DoesNotExist."""
    return Run.objects.get(uuid=run_uuid)


def parts_of(run: Run) -> tuple[RunPart, ...]:
    """Read the parts of a run, in their order."""
    return tuple(run.parts.order_by("place"))


def items(run: Run, *, outcome: str = "") -> QuerySet[RunItem]:
    """Give the query of what a run could not do, or would not."""
    found = RunItem.objects.filter(run=run)
    return found.filter(outcome=outcome) if outcome else found


def all_items() -> QuerySet[RunItem]:
    """Give the query of the items of all runs."""
    return RunItem.objects.all()


def item_rows(found: Sequence[Any]) -> tuple[ItemRow, ...]:
    """Turn items into values. No query."""
    return tuple(ItemRow(item.outcome, item.subject_kind, item.subject_uuid, item.sentence) for item in found)
