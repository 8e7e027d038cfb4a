"""Carry out the scheduled ends whose day is over: one transaction for each.

What was carried out is no longer open, so a run that was killed is started again and does the rest.
Source: domain.md 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.jobs import operations as jobs
from portal.jobs.models import Run, RunItem
from subscriptions.requests import selectors
from subscriptions.requests.operations import carrying
from subscriptions.requests.operations.carrying import Result

KIND, PART = selectors.KIND, selectors.PART
# What is counted of a run; what somebody else closed meanwhile is none of its doing.
COUNTED = ("carried_out", "needs_person", "failed")
_OUTCOMES = {"needs_person": RunItem.Outcome.HELD, "failed": RunItem.Outcome.FAILED}


@dataclass(frozen=True)
class Counts:
    """The counts of a run; of a dry run what they would be."""

    carried_out: int
    needs_person: int
    failed: int
    is_dry_run: bool
    was_stopped: bool


def carry_out_due(
    *,
    by: frame.Actor,
    at: datetime,
    is_dry_run: bool = False,
    tell: Callable[[Result], None] = lambda result: None,
    progress: Callable[[int], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], datetime] | None = None,
) -> Counts:
    """End what was asked to end on a day that is over where the organisation is, as "No credit note has been sent".

    Where a note that may be the refund, or anything else, stands against it, it waits for a person from then on and
    is not tried again.

    *Units*: days are told by `at`, the start; `clock` gives the instant of each end.
    *Shape*: a dry run only reads. `stop` is asked between requests.
    *Raises*: OperationalError and InterfaceError, which leave the rest to the next run.
    """
    now = clock or (lambda: at)
    found = selectors.due(at=at)
    run = None if is_dry_run else _begin(due=len(found), by=by, at=at)
    counted = dict.fromkeys(COUNTED, 0)
    was_stopped = False
    for done, due in enumerate(found, start=1):
        if stop():
            was_stopped = True
            break
        result = carrying.look(due) if is_dry_run else carrying.carry_out(due, by=by, at=max(now(), at))
        if result.became in counted:
            counted[result.became] += 1
            if run:
                _count(run, result=result)
        tell(result)
        progress(done)
    if run:
        _finish(run, counted=counted, was_stopped=was_stopped, by=by, at=max(now(), at))
    return Counts(**counted, is_dry_run=is_dry_run, was_stopped=was_stopped)


def _begin(*, due: int, by: frame.Actor, at: datetime) -> Run:
    with frame.operation(KIND):
        run = jobs.begin(kind=KIND, by=by, at=at, parts=[jobs.Part(PART, due)])
    with frame.operation(KIND):
        jobs.start_part(run.pk, name=PART, at=at)
    return run


def _count(run: Run, *, result: Result) -> None:
    """Count one request, and keep with the run what it could not do."""
    with frame.operation(KIND):
        if outcome := _OUTCOMES.get(result.became):
            item = jobs.Item(
                subject=result.due.subscription_uuid,
                sentence=result.sentence,
                data={"ends_on": result.due.ends_on.isoformat(), "request": str(result.due.uuid)},
            )
            jobs.add_items(run.pk, items=[item], outcome=outcome, subject_kind=selectors.SUBSCRIPTION)
        jobs.add(run.pk, counts={result.became: 1}, part=PART)


def _finish(run: Run, *, counted: dict[str, int], was_stopped: bool, by: frame.Actor, at: datetime) -> None:
    with frame.operation(KIND):
        jobs.end_part(run.pk, name=PART, at=at, was_stopped=was_stopped)
        jobs.finish(run.pk, at=at, was_stopped=was_stopped)
        if any(counted.values()):
            audit_operations.record(
                "scheduled_ends.finished",
                sentence=f"{counted['carried_out']} carried out, {counted['needs_person']} need a person, "
                f"{counted['failed']} failed.",
                subject=audit_operations.Subject("run", run.uuid),
                data=counted,
                by=by,
                at=at,
            )
