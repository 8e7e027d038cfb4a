"""Read the runs of the clean-up: the list, and the report of one."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from customers import selectors as customers_selectors
from customers.models import Organisation
from subscriptions.models import CleanUpFailure, CleanUpHeld, CleanUpRun, Subscription, Termination
from subscriptions.policies import identity

# The rows of a report that one query reads.
REPORT_ROWS = 5000
REPORT_COLUMNS = ("subscription_uuid", "organisation_uuid", "expiry_date", "days_expired", "result")
TERMINATED, HELD = "terminated", "held: renewal not seen"


@dataclass(frozen=True)
class RunRow:
    """A run in a list. *Shape*: instants are in UTC; an interrupted run has no end."""

    uuid: uuids.UUID
    started_at: datetime
    actor: str
    as_of: date
    terminated: int
    held: int
    failed: int
    finished_at: datetime | None


@dataclass(frozen=True)
class SubscriptionRow:
    """A subscription in the results of a run. *Shape*: only the fields of its outcome are set."""

    subscription_uuid: uuids.UUID
    plan: str
    organisation: customers_selectors.Named
    expired_on: date | None = None
    days_expired: int | None = None
    reason: str = ""
    termination_uuid: uuids.UUID | None = None
    terminated_on: date | None = None


@dataclass(frozen=True)
class ReportRow:
    """A row of a run's CSV. *Shape*: failures of old runs have no date."""

    subscription_uuid: uuids.UUID
    organisation_uuid: uuids.UUID
    expires_on: date | None
    days_expired: int | None
    result: str

    def cells(self) -> tuple[str, ...]:
        """Write the row as the CSV has it, below `REPORT_COLUMNS`."""
        return (
            str(self.subscription_uuid),
            str(self.organisation_uuid),
            self.expires_on.isoformat() if self.expires_on else "",
            "" if self.days_expired is None else str(self.days_expired),
            self.result,
        )


def runs() -> QuerySet[CleanUpRun]:
    """Give the query of all runs."""
    return CleanUpRun.objects.all()


def run_rows(found: Sequence[CleanUpRun]) -> tuple[RunRow, ...]:
    """Turn runs into values. No query."""
    return tuple(
        RunRow(
            uuid=run.uuid,
            started_at=run.started_at,
            actor=run.actor,
            as_of=run.as_of,
            terminated=run.terminated,
            held=run.held,
            failed=run.failed,
            finished_at=run.finished_at,
        )
        for run in found
    )


def ended(run: CleanUpRun | None = None) -> QuerySet[Termination]:
    """Give the query of what runs terminated, or one of them."""
    found = Termination.objects.filter(clean_up_run=run) if run else Termination.objects.all()
    return found.defer("quote").select_related("subscription__plan__product", "organisation")


def ended_rows(found: Sequence[Termination]) -> tuple[SubscriptionRow, ...]:
    """Turn what was terminated into values. No query."""
    return tuple(
        _met(
            item.subscription,
            organisation=item.organisation,
            expired_on=item.subscription.expires_on,
            termination_uuid=item.uuid,
            terminated_on=item.terminated_on,
        )
        for item in found
    )


def failures(run: CleanUpRun | None = None) -> QuerySet[CleanUpFailure]:
    """Give the query of what runs could not terminate, or one of them."""
    found = CleanUpFailure.objects.filter(run=run) if run else CleanUpFailure.objects.all()
    return found.select_related("subscription__plan__product", "subscription__organisation")


def failure_rows(found: Sequence[CleanUpFailure]) -> tuple[SubscriptionRow, ...]:
    """Turn failures into values. No query."""
    return tuple(_met(item.subscription, reason=item.reason) for item in found)


def held(run: CleanUpRun | None = None) -> QuerySet[CleanUpHeld]:
    """Give the query of what runs held back, or one of them."""
    found = CleanUpHeld.objects.filter(run=run) if run else CleanUpHeld.objects.all()
    return found.select_related("subscription__plan__product", "subscription__organisation")


def held_rows(found: Sequence[CleanUpHeld]) -> tuple[SubscriptionRow, ...]:
    """Turn what was held back into values. No query."""
    return tuple(
        _met(item.subscription, expired_on=item.expires_on, days_expired=item.days_expired) for item in found
    )


def _met(subscription: Subscription, *, organisation: Organisation | None = None, **what: Any) -> SubscriptionRow:
    return SubscriptionRow(
        subscription_uuid=subscription.uuid,
        plan=_plan(subscription),
        organisation=customers_selectors.named(organisation or subscription.organisation),
        **what,
    )


def run_of(run_uuid: uuids.UUID) -> CleanUpRun:
    """Read a run. *Raises*: CleanUpRun.DoesNotExist."""
    return CleanUpRun.objects.get(uuid=run_uuid)


def report_rows(run: CleanUpRun) -> Iterator[ReportRow]:
    """Read the outcomes of a run, by subscription: all that was committed, even if the run was killed."""
    terminated = Termination.objects.filter(clean_up_run=run).annotate(
        expired_on=F("subscription__expires_on"), key=F("id")
    )
    for row in _by_key(
        terminated.values_list("key", "subscription__uuid", "organisation__uuid", "expired_on", "terminated_on")
    ):
        _, subscription, organisation, expires_on, terminated_on = row
        yield ReportRow(subscription, organisation, expires_on, (terminated_on - expires_on).days, TERMINATED)
    columns = ("key", "subscription__uuid", "subscription__organisation__uuid", "expires_on", "days_expired")
    failed = CleanUpFailure.objects.filter(run=run).annotate(key=F("subscription_id"))
    for row in _by_key(failed.values_list(*columns, "reason")):
        _, subscription, organisation, expires_on, days_expired, reason = row
        yield ReportRow(subscription, organisation, expires_on, days_expired, reason)
    held_back = CleanUpHeld.objects.filter(run=run).annotate(key=F("subscription_id"))
    for row in _by_key(held_back.values_list(*columns)):
        _, subscription, organisation, expires_on, days_expired = row
        yield ReportRow(subscription, organisation, expires_on, days_expired, HELD)


def _by_key(query: QuerySet[Any, Any]) -> Iterator[Any]:
    """Read all rows of a query in parts. *Shape*: a row begins with `key`, the order of the rows."""
    after: int | None = 0
    while after is not None:
        rows = list(query.filter(key__gt=after).order_by("key")[:REPORT_ROWS])
        yield from rows
        after = rows[-1][0] if len(rows) == REPORT_ROWS else None


def broken_off_runs() -> tuple[CleanUpRun, ...]:
    """List the unfinished runs with a report. A later run completes it, unless the run is still at work."""
    return tuple(CleanUpRun.objects.filter(finished_at__isnull=True).exclude(report="").order_by("pk"))


@dataclass(frozen=True)
class Clocks:
    """The clock of the database, and the start of the last run."""

    database: datetime
    last_start: datetime | None


def clocks() -> Clocks:
    """Read the clock of the database, and the start of the last run. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), (SELECT max(started_at) FROM subscriptions_cleanuprun)")
        database, last_start = cursor.fetchone()
    return Clocks(database=database, last_start=last_start)


def _plan(subscription: Subscription) -> str:
    return identity.plan_title(product=subscription.plan.product.name, plan=subscription.plan.name)
