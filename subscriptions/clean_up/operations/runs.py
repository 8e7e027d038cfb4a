"""Write the row of a clean-up run: at its start, with each batch, at its end. A killed run never gets an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import F

from portal import frame
from portal.audit import operations as audit_operations
from subscriptions.models import CleanUpRun


def begin(
    *,
    as_of: date,
    limit: int | None,
    workers: int,
    is_also_renewing: bool,
    report: str,
    by: frame.Actor,
    at: datetime,
) -> CleanUpRun:
    """Insert the row of a run, in a transaction of its own, so that everybody sees it."""
    with frame.operation("terminate_expired"):
        return CleanUpRun.objects.create(
            started_at=at,
            actor=by.name,
            as_of=as_of,
            workers=workers,
            limit=limit,
            is_also_renewing=is_also_renewing,
            report=report,
        )


def add(run_id: int, **counts: int) -> None:
    """Add to the counts of a run. The caller's transaction holds the rows that are counted."""
    changes = {name: F(name) + count for name, count in counts.items() if count}
    if changes:
        CleanUpRun.objects.filter(pk=run_id).update(**changes)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a subscription could not be terminated, and its expiry at that time."""

    subscription_id: int
    reason: str
    expires_on: date
    days_expired: int


def fail(run_id: int, *, failures: Sequence[Failure]) -> None:
    """Record subscriptions that could not be terminated. A failure of several workers counts once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO subscriptions_cleanupfailure (run_id, subscription_id, reason, expires_on, days_expired)
            SELECT %(run)s, f.* FROM unnest(%(ids)s::bigint[], %(reasons)s::text[], %(expired)s::date[],
                                            %(days)s::int[]) AS f(id, reason, expires_on, days)
            ORDER BY f.id ON CONFLICT (run_id, subscription_id) DO NOTHING
            """,
            {
                "run": run_id,
                "ids": [failure.subscription_id for failure in failures],
                "reasons": [failure.reason for failure in failures],
                "expired": [failure.expires_on for failure in failures],
                "days": [failure.days_expired for failure in failures],
            },
        )
        failed = cursor.rowcount
    add(run_id, failed=failed)


def finish(run: CleanUpRun, *, put_back: int, was_stopped: bool, by: frame.Actor, at: datetime) -> CleanUpRun:
    """Write the end of a run, and an audit entry if the run changed anything.

    *Shape*: `put_back` counts the updated statuses that are active again.
    """
    with frame.operation("terminate_expired"):
        run = CleanUpRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        run.finished_at = max(at, run.started_at)
        run.was_stopped = was_stopped
        run.save(update_fields=["finished_at", "was_stopped"])
        if run.expired or run.terminated or run.released_numbers or run.failed:
            audit_operations.record(
                "clean_up.finished",
                sentence=f"{run.expired - put_back} marked expired, "
                f"{f'{put_back} marked active again, ' if put_back else ''}{run.terminated} terminated, "
                f"{run.renewing} of them with auto-renewal on, {run.released_numbers} numbers freed, "
                f"{run.failed} failed, {run.held} held (renewal not seen); as of {run.as_of.isoformat()}.",
                subject=audit_operations.Subject("run", run.uuid),
                data={
                    "as_of": run.as_of,
                    "expired": run.expired,
                    "terminated": run.terminated,
                    "renewing": run.renewing,
                    "released_numbers": run.released_numbers,
                    "failed": run.failed,
                    "held": run.held,
                },
                by=by,
                at=run.started_at,
            )
    return run


def forget_report(run: CleanUpRun) -> None:
    """Clear the report's path of a run that was interrupted: its report is complete now."""
    with frame.operation("terminate_expired"):
        CleanUpRun.objects.filter(pk=run.pk, finished_at__isnull=True).update(report="")
