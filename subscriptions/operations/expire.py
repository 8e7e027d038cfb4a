"""The nightly clean-up: mark what has passed, end what expired long ago, free numbers. Source: domain.md 6."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial

from django.db import DatabaseError, OperationalError, ProgrammingError, connection, transaction
from psycopg.errors import RaiseException

from portal.audit import operations as audit_operations
from portal.lib import money, text
from settings_app import selectors as settings_selectors
from subscriptions.operations import due, records, runs, sharing

DEFAULT_BATCH = 5000
DONE, WOULD_BE = "terminated", "would be terminated"
# The steps of a run, in the words of whoever watches it; a dry run has but the last.
PUTTING_BACK, MARKING, TERMINATING, FREEING = "Marking active", "Marking expired", "Terminating", "Freeing numbers"
SELECTING = "Selecting"
# Hears of a step how many rows it has done: none as it begins, then after each batch.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Result:
    """Hold what became of one selected subscription; `result` is "terminated" or the reason of the failure."""

    subscription_uuid: uuid.UUID
    organisation_uuid: uuid.UUID
    expires_on: date
    days_expired: int
    result: str
    had_auto_renewal: bool = False

    @property
    def is_failure(self) -> bool:
        """Tell whether it could not be terminated."""
        return self.result not in (DONE, WOULD_BE)


@dataclass(frozen=True)
class Counts:
    """Hold what a run did (or would do); `renewing` says how many of the terminated had auto-renewal on."""

    as_of: date
    expired: int
    terminated: int
    released_numbers: int
    failed: int
    dry_run: bool
    renewing: int = 0
    was_stopped: bool = False
    has_reached_limit: bool = False


@dataclass(frozen=True)
class Run:
    """Hold what every batch of a run needs."""

    id: int
    todays: due.Todays
    batch_size: int
    by: audit_operations.Actor
    at: datetime
    stop: Callable[[], bool]


def _never() -> bool:
    return False


def _unseen(step: str, done: int) -> None:
    pass


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
    progress: Progress = _unseen,
    stop: Callable[[], bool] = _never,
    clock: Callable[[], datetime] | None = None,
) -> Counts:
    """Bring stored statuses up to date, terminate those expired for too long, free numbers. In batches.

    *Units*: `as_of` is today for every organisation; without it each zone has its own today at `at`, the
    start; `clock` tells the end. `limit` ends the run after that many terminations, and frees no numbers then:
    it is there for a night on which something is wrong, and neither can be taken back. Each batch is one
    transaction; rows that another worker holds are left to it. Once `stop` says so, the running batch is the
    last, in every worker: it has to read what processes share. A dry run only reads, in this process.
    *Raises*: sharing.WorkerEnded, OperationalError, InterfaceError; the run stays without an end then.
    UnknownTimezone before it.
    """
    todays = due.todays(as_of=as_of, at=at)
    day = as_of or at.astimezone(UTC).date()

    def begin(step: str) -> Callable[[int], None]:
        progress(step, 0)
        return partial(progress, step)

    if is_dry_run:
        tally = _Tally(limit=limit, tell=tell, progress=begin(SELECTING))
        return _look(todays, day=day, limit=limit, batch_size=batch_size, stop=stop, tally=tally)
    begun = runs.begin(as_of=day, limit=limit, workers=workers, by=by, at=at)
    run = Run(id=begun.pk, todays=todays, batch_size=batch_size, by=by, at=at, stop=stop)
    put_back = due.put_back(todays, run_id=run.id, stop=stop, tell=begin(PUTTING_BACK))
    due.mark_expired(todays, run_id=run.id, stop=stop, tell=begin(MARKING))
    tally = _Tally(limit=limit, tell=tell, progress=begin(TERMINATING))
    if workers > 1:
        sharing.share_out(
            lambda share, say: _terminate_all(run, limit=share, say=say),
            shares=_shares(limit, workers=workers),
            tell=tally.add,
        )
    else:
        _terminate_all(run, limit=limit, say=tally.add)
    if not tally.has_reached_limit:
        due.release_numbers(todays, run_id=run.id, stop=stop, tell=begin(FREEING))
    ended = runs.finish(begun, put_back=put_back, was_stopped=stop(), by=by, at=clock() if clock else at)
    return Counts(
        as_of=day,
        expired=ended.expired,
        terminated=ended.terminated,
        released_numbers=ended.released_numbers,
        failed=ended.failed,
        dry_run=False,
        renewing=ended.renewing,
        was_stopped=ended.was_stopped,
        has_reached_limit=tally.has_reached_limit,
    )


def count_due(*, as_of: date | None, at: datetime) -> int:
    """Count what a run would terminate; for whoever wants to know how long it takes."""
    config = settings_selectors.current_config()
    return due.count(due.todays(as_of=as_of, at=at), reactivation_days=config.reactivation_days)


def _look(
    todays: due.Todays, *, day: date, limit: int | None, batch_size: int, stop: Callable[[], bool], tally: _Tally
) -> Counts:
    """Select as a run would, and count."""
    config = settings_selectors.current_config()
    done, after = 0, due.START
    while not stop() and (limit is None or done < limit):
        room = batch_size if limit is None else min(batch_size, limit - done)
        found = due.select(
            todays,
            reactivation_days=config.reactivation_days,
            room=room,
            after=after,
            without=[],
            is_locking=False,
        )
        if not found:
            break
        done += len(found)
        after = found[-1].subscription_id
        tally.add([_result(item, WOULD_BE) for item in found])
        if len(found) < room:
            break
    return Counts(
        as_of=day,
        expired=due.count_ahead(todays) + due.count_passed(todays),
        terminated=tally.terminated,
        released_numbers=0 if tally.has_reached_limit else due.count_over(todays),
        failed=0,
        dry_run=True,
        renewing=tally.renewing,
        was_stopped=stop(),
        has_reached_limit=tally.has_reached_limit,
    )


@dataclass
class _Tally:
    """Count the results of batches and pass them on."""

    limit: int | None
    tell: Callable[[Result], None] | None
    progress: Callable[[int], None]
    terminated: int = 0
    renewing: int = 0
    failed: set[uuid.UUID] = field(default_factory=set)

    @property
    def has_reached_limit(self) -> bool:
        """Tell whether as many were terminated as may be."""
        return self.limit is not None and self.terminated >= self.limit

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
                self.renewing += result.had_auto_renewal
            if self.tell:
                self.tell(result)
        self.progress(self.terminated + len(self.failed))


def _shares(limit: int | None, *, workers: int) -> list[int | None]:
    """Divide a limit among workers; those that would have nothing to do are left out."""
    if limit is None:
        return [None] * workers
    share, rest = divmod(limit, workers)
    return [share + (number < rest) for number in range(workers) if share + (number < rest)]


def _terminate_all(run: Run, *, limit: int | None, say: Callable[[Sequence[Result]], None]) -> None:
    """Terminate batch after batch, and say the results of each once it is committed.

    Those that fail don't count: `limit` of them ahead of all others would hold these up for good.
    """
    done, after = 0, due.START
    without: list[int] = []
    while not run.stop() and (limit is None or done < limit):
        room = run.batch_size if limit is None else min(run.batch_size, limit - done)
        batch = _terminate_batch(run, room=room, after=after, without=without)
        if batch.results:
            say(batch.results)
        done += len(batch.results) - len(batch.failed)
        # Failed ones would be found again.
        without += batch.failed
        if after == due.START and not batch.results:
            break
        # Behind the last, once more from the start: what somebody held before may be free now.
        after = batch.last or due.START


@dataclass(frozen=True)
class _Batch:
    """Hold the results of a batch, those that failed by primary key, and where the next one goes on.

    *Shape*: `last` is None where the selection has come to its end.
    """

    results: list[Result]
    failed: list[int]
    last: int | None


def _terminate_batch(run: Run, *, room: int, after: int, without: list[int]) -> _Batch:
    with audit_operations.operation("terminate_expired"):
        config = settings_selectors.locked_config()
        found = due.select(
            run.todays,
            reactivation_days=config.reactivation_days,
            room=room,
            after=after,
            without=without,
            is_locking=True,
        )
        reasons = _record_all(run, found, config=config)
        done = [item for item in found if item.subscription_id not in reasons] if reasons else found
        if reasons:
            runs.fail(run.id, reasons=reasons)
        runs.add(run.id, terminated=len(done), renewing=sum(item.auto_renew for item in done))
    # Only after the commit: a report never names what did not happen.
    return _Batch(
        results=[_result(item, reasons.get(item.subscription_id, DONE)) for item in found],
        failed=list(reasons),
        last=found[-1].subscription_id if len(found) == room else None,
    )


def _result(item: due.Due, result: str) -> Result:
    return Result(
        subscription_uuid=item.subscription_uuid,
        organisation_uuid=item.organisation_uuid,
        expires_on=item.expires_on,
        days_expired=(item.today - item.expires_on).days,
        result=result,
        had_auto_renewal=item.auto_renew,
    )


def _record_all(run: Run, found: Sequence[due.Due], *, config: settings_selectors.Config) -> dict[int, str]:
    """Write a batch; give the reason of each row that can't be written, by subscription."""
    strange = {currency for currency in {item.currency for item in found} if not money.is_currency(currency)}
    reasons = {
        item.subscription_id: str(money.UnknownCurrency(item.currency))
        for item in found
        if item.currency in strange
    }
    return reasons | _record(run, [item for item in found if item.currency not in strange], config=config)


def _record(run: Run, items: Sequence[due.Due], *, config: settings_selectors.Config) -> dict[int, str]:
    """Write rows together; where the database refuses, by halves, so that one bad row stops no other."""
    if not items:
        return {}
    expired = records.Expired(
        subscription_ids=[item.subscription_id for item in items],
        todays=[item.today for item in items],
        currencies=[item.currency for item in items],
        committed=run.todays.by_the_clock,
    )
    try:
        with transaction.atomic():
            records.record_expired(expired, config=config, by=run.by, at=run.at, run_id=run.id)
            _check_deferred()
        return {}
    except DatabaseError as error:
        if not _is_about_a_row(error):
            raise
        if len(items) == 1:
            return {items[0].subscription_id: text.first_line(error)}
    middle = len(items) // 2
    return _record(run, items[:middle], config=config) | _record(run, items[middle:], config=config)


def _is_about_a_row(error: DatabaseError) -> bool:
    """Say whether a row was refused; for a lost connection or a wrong statement none is to blame."""
    # What a trigger raises is a ProgrammingError as well.
    is_raised = isinstance(error.__cause__, RaiseException)
    return is_raised or not isinstance(error, (OperationalError, ProgrammingError))


def _check_deferred() -> None:
    # A deferred key would otherwise refuse the whole batch at its commit.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
