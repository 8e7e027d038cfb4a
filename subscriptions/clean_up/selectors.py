"""Read the runs of the clean-up: the list, and the report of one."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import F, Model, QuerySet

from portal.lib import days
from subscriptions.models import CleanUpFailure, CleanUpHeld, CleanUpRun, Subscription, Termination
from subscriptions.policies import identity

RUNS_PER_PAGE = 50
ENDED_PER_PAGE = 50
# Rows of a report that are read at once.
REPORT_ROWS = 5000
REPORT_COLUMNS = ("subscription_uuid", "organisation_uuid", "expiry_date", "days_expired", "result")
TERMINATED, HELD = "terminated", "held: renewal not seen"
NOT_FINISHED = "Not finished"
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Keys:
    """Say where a page begins: behind `before`, or ahead of `after`; neither gives the newest rows."""

    before: int | None = None
    after: int | None = None


NEWEST = Keys()


@dataclass(frozen=True)
class RunRow:
    """Hold one run as the list shows it."""

    uuid: uuids.UUID
    started: str
    actor: str
    as_of: str
    terminated: str
    renewing: str
    held: str
    failed: str
    has_failed: bool
    is_finished: bool
    finished: str


@dataclass(frozen=True)
class RunPage:
    """Hold one page of runs, newest first. `older` and `newer` are the keys the pages beside it begin at."""

    rows: tuple[RunRow, ...]
    older: int | None
    newer: int | None


@dataclass(frozen=True)
class EndedRow:
    """Hold one subscription that a run terminated."""

    termination_uuid: uuids.UUID
    terminated_on: str
    organisation_uuid: uuids.UUID
    organisation_name: str
    subscription_uuid: uuids.UUID
    plan: str
    expired_on: str


@dataclass(frozen=True)
class FailedRow:
    """Hold one subscription that a run could not terminate, and why."""

    organisation_uuid: uuids.UUID
    organisation_name: str
    subscription_uuid: uuids.UUID
    plan: str
    reason: str


@dataclass(frozen=True)
class HeldRow:
    """Hold one subscription that a run held back."""

    organisation_uuid: uuids.UUID
    organisation_name: str
    subscription_uuid: uuids.UUID
    plan: str
    expired_on: str
    days_expired: str


@dataclass(frozen=True)
class ReportRow:
    """Hold one line of the CSV of a run. *Shape*: failures of old runs know no day."""

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


@dataclass(frozen=True)
class Report:
    """Hold what a run did; the keys are those of the pages beside the ones shown."""

    run: RunRow
    workers: int
    limit: str
    expired: str
    released_numbers: str
    was_stopped: bool
    has_ended: bool
    has_renewing: bool
    has_held: bool
    is_also_renewing: bool
    ended: tuple[EndedRow, ...]
    ended_older: int | None
    ended_newer: int | None
    failures: tuple[FailedRow, ...]
    failures_older: int | None
    failures_newer: int | None
    held: tuple[HeldRow, ...]
    held_older: int | None
    held_newer: int | None


def clean_up_runs(keys: Keys = NEWEST) -> RunPage:
    """List the runs, newest first. One query."""
    found, older, newer = _page(CleanUpRun.objects.all(), key="pk", keys=keys, room=RUNS_PER_PAGE)
    return RunPage(rows=tuple(_run(item) for item in found), older=older, newer=newer)


def clean_up_report(
    run_uuid: uuids.UUID, *, ended: Keys = NEWEST, failures: Keys = NEWEST, held: Keys = NEWEST
) -> Report:
    """Read a run with a page of its terminations, one of its failures, one of what it held. Four queries.

    *Raises*: CleanUpRun.DoesNotExist.
    """
    run = CleanUpRun.objects.get(uuid=run_uuid)
    terminations, ended_older, ended_newer = _page(
        Termination.objects.filter(clean_up_run=run)
        .defer("quote")
        .select_related("subscription__plan__product", "organisation"),
        key="pk",
        keys=ended,
        room=ENDED_PER_PAGE,
    )
    failed, failures_older, failures_newer = _page(
        CleanUpFailure.objects.filter(run=run).select_related(
            "subscription__plan__product", "subscription__organisation"
        ),
        # What the index of a run's failures is sorted by.
        key="subscription_id",
        keys=failures,
        room=ENDED_PER_PAGE,
    )
    kept, held_older, held_newer = _page(
        CleanUpHeld.objects.filter(run=run).select_related(
            "subscription__plan__product", "subscription__organisation"
        ),
        key="subscription_id",
        keys=held,
        room=ENDED_PER_PAGE,
    )
    return Report(
        run=_run(run),
        workers=run.workers,
        limit="" if run.limit is None else f"{run.limit:,}",
        expired=f"{run.expired:,}",
        released_numbers=f"{run.released_numbers:,}",
        was_stopped=run.was_stopped,
        has_ended=run.terminated > 0,
        has_renewing=run.renewing > 0,
        has_held=run.held > 0,
        is_also_renewing=run.is_also_renewing,
        ended=tuple(_ended(item) for item in terminations),
        ended_older=ended_older,
        ended_newer=ended_newer,
        failures=tuple(_failed(item) for item in failed),
        failures_older=failures_older,
        failures_newer=failures_newer,
        held=tuple(_held(item) for item in kept),
        held_older=held_older,
        held_newer=held_newer,
    )


def run_of(run_uuid: uuids.UUID) -> CleanUpRun:
    """Read a run. *Raises*: CleanUpRun.DoesNotExist."""
    return CleanUpRun.objects.get(uuid=run_uuid)


def report_rows(run: CleanUpRun) -> Iterator[ReportRow]:
    """Read what became of each subscription in a run: all that was committed, also where the run was killed."""
    ended = Termination.objects.filter(clean_up_run=run).annotate(
        expired_on=F("subscription__expires_on"), key=F("id")
    )
    for row in _by_key(
        ended.values_list("key", "subscription__uuid", "organisation__uuid", "expired_on", "terminated_on")
    ):
        _, subscription, organisation, expires_on, terminated_on = row
        yield ReportRow(subscription, organisation, expires_on, (terminated_on - expires_on).days, TERMINATED)
    columns = ("key", "subscription__uuid", "subscription__organisation__uuid", "expires_on", "days_expired")
    failed = CleanUpFailure.objects.filter(run=run).annotate(key=F("subscription_id"))
    for row in _by_key(failed.values_list(*columns, "reason")):
        _, subscription, organisation, expires_on, days_expired, reason = row
        yield ReportRow(subscription, organisation, expires_on, days_expired, reason)
    held = CleanUpHeld.objects.filter(run=run).annotate(key=F("subscription_id"))
    for row in _by_key(held.values_list(*columns)):
        _, subscription, organisation, expires_on, days_expired = row
        yield ReportRow(subscription, organisation, expires_on, days_expired, HELD)


def _by_key(query: QuerySet[Any, Any]) -> Iterator[Any]:
    """Read all rows of a query part by part. *Shape*: a row begins with `key`, which they are sorted by."""
    after: int | None = 0
    while after is not None:
        rows = list(query.filter(key__gt=after).order_by("key")[:REPORT_ROWS])
        yield from rows
        after = rows[-1][0] if len(rows) == REPORT_ROWS else None


def broken_off_runs() -> tuple[CleanUpRun, ...]:
    """List the runs without an end whose report a later run has to complete, unless they are at work."""
    return tuple(CleanUpRun.objects.filter(finished_at__isnull=True).exclude(report="").order_by("pk"))


@dataclass(frozen=True)
class Clocks:
    """Hold what the database's clock says, and when the last run began."""

    database: datetime
    last_start: datetime | None


def clocks() -> Clocks:
    """Read the clock of the database, and the start of the last run. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), (SELECT max(started_at) FROM subscriptions_cleanuprun)")
        database, last_start = cursor.fetchone()
    return Clocks(database=database, last_start=last_start)


def _page(query: QuerySet[M], *, key: str, keys: Keys, room: int) -> tuple[list[M], int | None, int | None]:
    """Take the page that begins at the keys, and give the keys of the older and the newer page."""
    if keys.after is not None:
        found = list(query.filter(**{f"{key}__gt": keys.after}).order_by(key)[: room + 1])
        has_newer, has_older = len(found) > room, True
        found = found[:room][::-1]
    else:
        behind: dict[str, Any] = {} if keys.before is None else {f"{key}__lt": keys.before}
        found = list(query.filter(**behind).order_by(f"-{key}")[: room + 1])
        has_newer, has_older = keys.before is not None, len(found) > room
        found = found[:room]
    return (
        found,
        getattr(found[-1], key) if found and has_older else None,
        getattr(found[0], key) if found and has_newer else None,
    )


def _run(run: CleanUpRun) -> RunRow:
    return RunRow(
        uuid=run.uuid,
        started=days.moment(run.started_at),
        actor=run.actor,
        as_of=days.display(run.as_of),
        terminated=f"{run.terminated:,}",
        renewing=f"{run.renewing:,}",
        held=f"{run.held:,}",
        failed=f"{run.failed:,}",
        has_failed=run.failed > 0,
        is_finished=run.finished_at is not None,
        finished=days.moment(run.finished_at) if run.finished_at else NOT_FINISHED,
    )


def _ended(termination: Termination) -> EndedRow:
    return EndedRow(
        termination_uuid=termination.uuid,
        terminated_on=days.display(termination.terminated_on),
        organisation_uuid=termination.organisation.uuid,
        organisation_name=termination.organisation.name,
        subscription_uuid=termination.subscription.uuid,
        plan=_plan(termination.subscription),
        expired_on=days.display(termination.subscription.expires_on),
    )


def _failed(failure: CleanUpFailure) -> FailedRow:
    return FailedRow(
        organisation_uuid=failure.subscription.organisation.uuid,
        organisation_name=failure.subscription.organisation.name,
        subscription_uuid=failure.subscription.uuid,
        plan=_plan(failure.subscription),
        reason=failure.reason,
    )


def _held(held: CleanUpHeld) -> HeldRow:
    return HeldRow(
        organisation_uuid=held.subscription.organisation.uuid,
        organisation_name=held.subscription.organisation.name,
        subscription_uuid=held.subscription.uuid,
        plan=_plan(held.subscription),
        expired_on=days.display(held.expires_on),
        days_expired=f"{held.days_expired:,}",
    )


def _plan(subscription: Subscription) -> str:
    return identity.plan_title(product=subscription.plan.product.name, plan=subscription.plan.name)
