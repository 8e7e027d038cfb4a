"""Read the runs of the clean-up: what became of the subscriptions that one met, and its report."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from customers import selectors as customers_selectors
from customers.models import Organisation
from portal.jobs import selectors as jobs
from portal.jobs.models import Run, RunItem
from subscriptions.models import Subscription, Termination
from subscriptions.policies import identity

# The rows of a report that one query reads.
REPORT_ROWS = 5000
REPORT_COLUMNS = ("subscription_uuid", "organisation_uuid", "expiry_date", "days_expired", "result")
TERMINATED, HELD = "terminated", "held: renewal not seen"
# The kind of these runs, and of what their items are about.
KIND, SUBSCRIPTION = "clean_up", "subscription"


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


def ended(run: Run | None = None) -> QuerySet[Termination]:
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


def failures(run: Run) -> QuerySet[RunItem]:
    """Give the query of what a run could not terminate."""
    return jobs.items(run, outcome=RunItem.Outcome.FAILED)


def held(run: Run) -> QuerySet[RunItem]:
    """Give the query of what a run held back."""
    return jobs.items(run, outcome=RunItem.Outcome.HELD)


def item_rows(found: Sequence[RunItem]) -> tuple[SubscriptionRow, ...]:
    """Turn items of a run into values. One query."""
    subscriptions = Subscription.objects.select_related("plan__product", "organisation").in_bulk(
        [item.subject_uuid for item in found], field_name="uuid"
    )
    return tuple(
        _met(
            subscriptions[item.subject_uuid],
            expired_on=_expires_on(item.data),
            days_expired=item.data.get("days_expired"),
            reason=item.sentence,
        )
        for item in found
    )


def _expires_on(data: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(data["expires_on"]) if "expires_on" in data else None


def _met(subscription: Subscription, *, organisation: Organisation | None = None, **what: Any) -> SubscriptionRow:
    return SubscriptionRow(
        subscription_uuid=subscription.uuid,
        plan=_plan(subscription),
        organisation=customers_selectors.named(organisation or subscription.organisation),
        **what,
    )


def run_of(run_uuid: uuids.UUID) -> Run:
    """Read a run of the clean-up. *Raises*: Run.DoesNotExist."""
    return Run.objects.get(uuid=run_uuid, kind=KIND)


def report_rows(run: Run) -> Iterator[ReportRow]:
    """Read the outcomes of a run, by subscription: all that was committed, even if the run was killed."""
    terminated = Termination.objects.filter(clean_up_run=run).values_list(
        *("pk", "terminated_on", "subscription__uuid", "subscription__expires_on", "organisation__uuid"), named=True
    )
    for rows in _batches(terminated):
        for row in rows:
            expires_on = row.subscription__expires_on
            days = (row.terminated_on - expires_on).days
            yield ReportRow(row.subscription__uuid, row.organisation__uuid, expires_on, days, TERMINATED)
    for items, result in ((failures(run), ""), (held(run), HELD)):
        for found in _batches(items):
            organisations = dict(
                Subscription.objects.filter(uuid__in=[item.subject_uuid for item in found]).values_list(
                    "uuid", "organisation__uuid"
                )
            )
            for item in found:
                yield ReportRow(
                    subscription_uuid=item.subject_uuid,
                    organisation_uuid=organisations[item.subject_uuid],
                    expires_on=_expires_on(item.data),
                    days_expired=item.data.get("days_expired"),
                    result=result or item.sentence,
                )


def _batches(query: QuerySet[Any, Any]) -> Iterator[list[Any]]:
    """Read all rows of a query, so many at once, in the order of their keys."""
    after: int | None = 0
    while after is not None:
        rows = list(query.filter(pk__gt=after).order_by("pk")[:REPORT_ROWS])
        yield rows
        after = rows[-1].pk if len(rows) == REPORT_ROWS else None


def broken_off_runs() -> tuple[Run, ...]:
    """List the unfinished runs with a report. A later run completes it, unless the run is still at work."""
    return tuple(Run.objects.filter(kind=KIND, finished_at__isnull=True).exclude(report="").order_by("pk"))


@dataclass(frozen=True)
class Clocks:
    """The clock of the database, and the start of the last run."""

    database: datetime
    last_start: datetime | None


def clocks() -> Clocks:
    """Read the clock of the database, and the start of the last run. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), (SELECT max(started_at) FROM jobs_run WHERE kind = %s)", [KIND])
        database, last_start = cursor.fetchone()
    return Clocks(database=database, last_start=last_start)


def _plan(subscription: Subscription) -> str:
    return identity.plan_title(product=subscription.plan.product.name, plan=subscription.plan.name)
