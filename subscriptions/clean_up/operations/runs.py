"""Write the row of a clean-up run: at its start, with each batch, at its end. A killed run never gets an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.jobs import operations as jobs
from portal.jobs.models import Run, RunItem
from subscriptions.clean_up import selectors

PUT_BACK, MARK, END, HOLD, FREE = "put_back", "mark_expired", "terminate", "hold_back", "free_numbers"

COUNTS = ("expired", "terminated", "renewing", "released_numbers", "failed", "held")


def begin(
    *,
    as_of: date,
    limit: int | None,
    workers: int,
    is_also_renewing: bool,
    report: str,
    due: int | None,
    by: frame.Actor,
    at: datetime,
) -> Run:
    """Insert the row of a run, in a transaction of its own, so that everybody sees it.

    *Shape*: `due` is how many subscriptions are to be terminated, where that was counted.
    """
    with frame.operation("terminate_expired"):
        return jobs.begin(
            kind=selectors.KIND,
            by=by,
            at=at,
            as_of=as_of,
            workers=workers,
            limit=limit,
            report=report,
            parameters={"also_renewing": is_also_renewing},
            parts=[jobs.Part(name, due if name == END else None) for name in (PUT_BACK, MARK, END, HOLD, FREE)],
        )


@contextmanager
def part(run: Run, *, name: str, clock: Callable[[], datetime], stop: Callable[[], bool]) -> Iterator[None]:
    """Say when a part of a run begins and ends. One that was broken off stays at work, as its run does."""
    with frame.operation("terminate_expired"):
        jobs.start_part(run.pk, name=name, at=max(clock(), run.started_at))
    yield
    with frame.operation("terminate_expired"):
        jobs.end_part(run.pk, name=name, at=max(clock(), run.started_at), was_stopped=stop())


def fail(run_id: int, *, failures: Sequence[jobs.Item]) -> None:
    """Record subscriptions that could not be terminated. A failure of several workers counts once."""
    failed = jobs.add_items(
        run_id, items=failures, outcome=RunItem.Outcome.FAILED, subject_kind=selectors.SUBSCRIPTION
    )
    jobs.add(run_id, counts={"failed": failed}, part=END)


def finish(run: Run, *, put_back: int, was_stopped: bool, by: frame.Actor, at: datetime) -> Run:
    """Write the end of a run, and an audit entry if the run changed anything.

    *Shape*: `put_back` counts the updated statuses that are active again.
    """
    with frame.operation("terminate_expired"):
        run = jobs.finish(run.pk, was_stopped=was_stopped, at=at)
        counts = {name: run.count(name) for name in COUNTS}
        expired, terminated, failed = (counts[name] for name in ("expired", "terminated", "failed"))
        if expired or terminated or failed or counts["released_numbers"]:
            audit_operations.record(
                "clean_up.finished",
                sentence=f"{expired - put_back} marked expired, "
                f"{f'{put_back} marked active again, ' if put_back else ''}{terminated} terminated, "
                f"{counts['renewing']} of them with auto-renewal on, {counts['released_numbers']} numbers freed, "
                f"{failed} failed, {counts['held']} held (renewal not seen); as of {run.as_of}.",
                subject=audit_operations.Subject("run", run.uuid),
                data={"as_of": run.as_of, **counts},
                by=by,
                at=run.started_at,
            )
    return run


def forget_report(run: Run) -> None:
    """Clear the report's path of a run that was interrupted: its report is complete now."""
    with frame.operation("terminate_expired"):
        jobs.forget_report(run)
