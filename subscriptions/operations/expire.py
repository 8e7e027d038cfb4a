"""The nightly clean-up: mark what has passed, end what expired long ago, free numbers. Source: domain.md 6."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from customers.models import Organisation
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions import quotes, selectors
from subscriptions.operations import records, sharing

DEFAULT_BATCH = 1000
DONE, WOULD_BE = "terminated", "would be terminated"


@dataclass(frozen=True)
class Result:
    """Hold what became of one selected subscription; `result` is "terminated" or the reason of the failure."""

    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    expires_on: date
    days_expired: int
    result: str

    @property
    def is_failure(self) -> bool:
        """Tell whether it could not be terminated."""
        return self.result not in (DONE, WOULD_BE)


@dataclass(frozen=True)
class Counts:
    """Hold what a run did (or would do)."""

    as_of: date
    expired: int
    terminated: int
    released_numbers: int
    failed: int
    dry_run: bool


class _DryRun(Exception):
    """Roll a dry run back."""


def terminate_expired(
    *,
    as_of: date | None,
    limit: int | None,
    by: audit_operations.Actor,
    at: datetime,
    batch_size: int = DEFAULT_BATCH,
    is_dry_run: bool = False,
    workers: int = 1,
    tell: Callable[[Result], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Mark passed subscriptions expired, terminate those expired for too long, free numbers. In batches.

    *Units*: `as_of` is today for every organisation; without it each zone has its own today at `at`.
    `limit` ends the run after that many subscriptions. Each batch is one transaction; rows that another
    worker holds are left to it. A dry run writes nothing to be shared, so it stays in this process.
    *Raises*: sharing.WorkerEnded.
    """
    todays = _todays(as_of=as_of, at=at)
    expired = _mark_expired(todays, is_dry_run=is_dry_run)
    tally = _Tally(tell=tell, progress=progress)
    if workers > 1 and not is_dry_run:
        sharing.share_out(
            lambda share, say: _terminate_all(
                todays, limit=share, batch_size=batch_size, by=by, at=at, is_dry_run=False, say=say
            ),
            shares=_shares(limit, workers=workers),
            tell=tally.add,
        )
    else:
        _terminate_all(
            todays, limit=limit, batch_size=batch_size, by=by, at=at, is_dry_run=is_dry_run, say=tally.add
        )
    terminated, failed = tally.terminated, len(tally.failed)
    released = _release_numbers(todays, is_dry_run=is_dry_run)
    counts = Counts(
        as_of=as_of or at.astimezone(UTC).date(),
        expired=expired,
        terminated=terminated,
        released_numbers=released,
        failed=failed,
        dry_run=is_dry_run,
    )
    if not is_dry_run and (expired or terminated or released or failed):
        with audit_operations.operation("terminate_expired"):
            audit_operations.record(
                app=names.SUBSCRIPTIONS,
                event="Clean-up run",
                description=f"{expired} marked expired, {terminated} terminated, {released} numbers freed, "
                f"{failed} failed; as of {counts.as_of.isoformat()}.",
                by=by,
                at=at,
            )
    return counts


@dataclass
class _Tally:
    """Count the results of batches and pass them on."""

    tell: Callable[[Result], None] | None
    progress: Callable[[int], None] | None
    terminated: int = 0
    failed: set[uuid.UUID] = field(default_factory=set)

    def add(self, results: Sequence[Result]) -> None:
        """Take the results of one committed batch."""
        for result in results:
            if result.is_failure:
                # Another worker may have tried the same one before.
                if result.subscription_uuid in self.failed:
                    continue
                self.failed.add(result.subscription_uuid)
            else:
                self.terminated += 1
            if self.tell:
                self.tell(result)
        if self.progress:
            self.progress(self.terminated)


def _shares(limit: int | None, *, workers: int) -> list[int | None]:
    """Divide a limit among workers; those that would have nothing to do are left out."""
    if limit is None:
        return [None] * workers
    share, rest = divmod(limit, workers)
    return [share + (number < rest) for number in range(workers) if share + (number < rest)]


def _terminate_all(
    todays: _Today,
    *,
    limit: int | None,
    batch_size: int,
    by: audit_operations.Actor,
    at: datetime,
    is_dry_run: bool,
    say: Callable[[Sequence[Result]], None],
) -> None:
    """Terminate batch after batch, and say the results of each once it is committed."""
    done = 0
    without: list[int] = []
    while limit is None or done < limit:
        room = batch_size if limit is None else min(batch_size, limit - done)
        batch = _terminate_batch(todays, room=room, without=without, by=by, at=at, is_dry_run=is_dry_run)
        if not batch.results:
            break
        done += len(batch.results)
        # Failed ones would be found again; and all, where nothing was written.
        without += batch.seen if is_dry_run else batch.failed
        say(batch.results)


@dataclass(frozen=True)
class _Today:
    """Hold today of every time zone in use, as two parallel lists for unnest()."""

    zones: list[str]
    dates: list[date]


@dataclass(frozen=True)
class _Batch:
    """Hold what became of a batch: its results, and the subscriptions by primary key."""

    results: list[Result]
    seen: list[int]
    failed: list[int]


def _todays(*, as_of: date | None, at: datetime) -> _Today:
    zones = list(Organisation.objects.order_by().values_list("timezone", flat=True).distinct())
    return _Today(zones, [as_of or days.today_in(zone, at=at) for zone in zones])


@contextmanager
def _step(*, is_dry_run: bool) -> Iterator[None]:
    """Own one transaction; that of a dry run is rolled back."""
    try:
        with audit_operations.operation("terminate_expired"):
            yield
            if is_dry_run:
                raise _DryRun
    except _DryRun:
        pass


_TODAY = "JOIN unnest(%(zones)s::varchar[], %(dates)s::date[]) AS d(zone, today) ON d.zone = o.timezone"


def _mark_expired(todays: _Today, *, is_dry_run: bool) -> int:
    with _step(is_dry_run=is_dry_run), connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH passed AS (
                SELECT s.id FROM subscriptions_subscription s
                JOIN customers_organisation o ON o.id = s.organisation_id {_TODAY}
                WHERE s.status = 'active' AND s.expires_on < d.today AND s.expires_on < %(latest)s
                ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED
            )
            UPDATE subscriptions_subscription s SET status = 'expired' FROM passed WHERE s.id = passed.id
            """,  # noqa: S608 - built from constants
            _parameters(todays),
        )
        return int(cursor.rowcount)


def _parameters(todays: _Today, **more: Any) -> dict[str, Any]:
    latest = max(todays.dates, default=date(1970, 1, 1))
    return {"zones": todays.zones, "dates": todays.dates, "latest": latest, **more}


def _terminate_batch(
    todays: _Today,
    *,
    room: int,
    without: list[int],
    by: audit_operations.Actor,
    at: datetime,
    is_dry_run: bool,
) -> _Batch:
    results: list[Result] = []
    failed: list[int] = []
    with _step(is_dry_run=is_dry_run):
        config = settings_selectors.locked_config()
        found = _select(todays, room=room, without=without, reactivation_days=config.reactivation_days)
        previews = _previews(found, config=config)
        rows = [
            records.Row(
                subscription_id=item.subscription_id,
                organisation_id=item.organisation_id,
                currency=item.currency,
                case="expired",
                terminated_at=at,
                terminated_on=item.today,
                actor_kind=by.kind,
                actor=by.name,
                config_version_id=config.version_id,
                settlement="nothing_due",
                nothing_reason="the subscription has expired",
                quote=previews[item.subscription_id],
                told=f"Expired on {days.display(item.expires_on)}, more than {config.reactivation_days} days "
                "ago. Nothing was refunded.",
            )
            for item in found
        ]
        reasons = _record(rows, config=config)
        for item in found:
            reason = reasons.get(item.subscription_id)
            if reason is not None:
                failed.append(item.subscription_id)
            results.append(
                Result(
                    subscription_uuid=item.subscription_uuid,
                    organisation_uuid=item.organisation_uuid,
                    expires_on=item.expires_on,
                    days_expired=(item.today - item.expires_on).days,
                    result=reason or (WOULD_BE if is_dry_run else DONE),
                )
            )
    # Only after the commit: a report never names what did not happen.
    return _Batch(results=results, seen=[item.subscription_id for item in found], failed=failed)


@dataclass(frozen=True)
class _Found:
    subscription_id: int
    subscription_uuid: uuid.UUID
    organisation_id: int
    organisation_uuid: uuid.UUID
    currency: str
    expires_on: date
    today: date


def _select(todays: _Today, *, room: int, without: list[int], reactivation_days: int) -> list[_Found]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.id, s.uuid, o.id, o.uuid, s.currency, s.expires_on, d.today
            FROM subscriptions_subscription s
            JOIN customers_organisation o ON o.id = s.organisation_id {_TODAY}
            WHERE s.status <> 'terminated'
              AND d.today - s.expires_on > %(kept)s AND s.expires_on < %(latest)s::date - %(kept)s::int
              AND s.id <> ALL(%(without)s::bigint[])
            ORDER BY s.expires_on, s.id
            LIMIT %(room)s
            FOR NO KEY UPDATE OF s SKIP LOCKED
            """,  # noqa: S608 - built from constants
            _parameters(todays, room=room, without=without, kept=reactivation_days),
        )
        return [_Found(*row) for row in cursor.fetchall()]


def _previews(found: list[_Found], *, config: settings_selectors.Config) -> dict[int, dict[str, Any]]:
    """Compute what an agent would have been shown, by subscription. Two queries for the whole batch."""
    subscriptions = list(selectors.subscriptions().filter(pk__in=[item.subscription_id for item in found]))
    facts = selectors.facts_of_many(subscriptions)
    todays = {item.subscription_id: item.today for item in found}
    previews = {}
    for subscription in subscriptions:
        quote = selectors.quote_of(
            subscription, on=todays[subscription.pk], config=config, facts=facts[subscription.pk]
        )
        # The rows are locked and were selected by the same rule.
        assert isinstance(quote, quotes.Quote)  # noqa: S101
        previews[subscription.pk] = quotes.document(quote)
    return previews


def _record(rows: list[records.Row], *, config: settings_selectors.Config) -> dict[int, str]:
    """Write the batch; where the database refuses it, one by one, so that one bad row stops no other.

    *Shape*: the reason of each refused row, by subscription.
    """
    try:
        with transaction.atomic():
            records.record_terminations(rows, config=config)
            _check_deferred()
        return {}
    except IntegrityError:
        pass
    reasons: dict[int, str] = {}
    for row in rows:
        try:
            with transaction.atomic():
                records.record_terminations([row], config=config)
                _check_deferred()
        except IntegrityError as error:
            reasons[row.subscription_id] = str(error).strip().splitlines()[0]
    return reasons


def _check_deferred() -> None:
    # A deferred key would otherwise refuse the whole batch at its commit.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _release_numbers(todays: _Today, *, is_dry_run: bool) -> int:
    with _step(is_dry_run=is_dry_run), connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH over AS (
                SELECT n.id FROM subscriptions_phonenumber n
                JOIN subscriptions_subscription s ON s.id = n.subscription_id
                JOIN customers_organisation o ON o.id = s.organisation_id {_TODAY}
                WHERE n.status = 'reserved' AND n.reserved_through < d.today
                ORDER BY n.id FOR NO KEY UPDATE OF n SKIP LOCKED
            )
            UPDATE subscriptions_phonenumber n SET status = 'free', reserved_through = NULL
            FROM over WHERE n.id = over.id
            """,  # noqa: S608 - built from constants
            _parameters(todays),
        )
        return int(cursor.rowcount)
