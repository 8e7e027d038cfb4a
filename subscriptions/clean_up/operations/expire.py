"""The nightly clean-up: mark what has passed, end what expired long ago, free numbers. Source: domain.md 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from portal.audit import operations as audit_operations
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import batches, due, runs
from subscriptions.clean_up.operations import counts as tallies
from subscriptions.clean_up.operations import workers as operations_workers

DEFAULT_BATCH = 5000
# Without a limit no run terminates more than the larger of these: a number, and a part of all that could end.
MOST, MOST_OF_TEN = 1000, 1
# The steps of a run, in the words of whoever watches it; a dry run has but the last.
PUTTING_BACK, MARKING, TERMINATING, FREEING = "Marking active", "Marking expired", "Terminating", "Freeing numbers"
SELECTING, HOLDING = "Selecting", "Holding back"
# Hears of a step how many rows it has done: none as it begins, then after each batch.
Progress = Callable[[str, int], None]


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
    is_also_renewing: bool = False,
    workers: int = 1,
    report: str = "",
    tell: Callable[[tallies.Result], None] | None = None,
    progress: Progress = _unseen,
    stop: Callable[[], bool] = _never,
    clock: Callable[[], datetime] | None = None,
) -> tallies.Counts:
    """Bring stored statuses up to date, terminate those expired for too long, free numbers. In batches.

    *Units*: `as_of` is today for every organisation; without it each zone has its own today at `at`, the
    start; `clock` tells the end. `limit` ends the run after that many terminations, and frees no numbers then:
    it is there for a night on which something is wrong, and neither can be taken back. Without it a run in which
    much is due (`MOST`) writes nothing. What may only have missed its renewal is held, unless
    `is_also_renewing`. Each batch is one transaction; rows that another worker holds are left to it. Once `stop`
    says so, the running batch is the last, in every worker: it has to read what processes share. A dry run only
    reads, in this process. `report` is where a report of the run is written, for whoever has to complete it.
    *Raises*: TooManyDue before anything is written. sharing.WorkerEnded, OperationalError, InterfaceError; the run
    stays without an end then.
    """
    todays = due.todays(as_of=as_of, at=at)
    day = as_of or at.astimezone(UTC).date()
    rule = due.Rule(settings_selectors.current_config().reactivation_days, is_also_renewing=is_also_renewing)

    def begin(step: str) -> Callable[[int], None]:
        progress(step, 0)
        return partial(progress, step)

    if is_dry_run:
        tally = tallies.Tally(limit=limit, tell=tell, progress=begin(SELECTING))
        return _look(todays, day=day, rule=rule, limit=limit, batch_size=batch_size, stop=stop, tally=tally)
    if limit is None and (refused := _too_many(due.count(todays, rule=rule))):
        raise refused
    begun = runs.begin(
        as_of=day,
        limit=limit,
        workers=workers,
        is_also_renewing=is_also_renewing,
        report=report,
        by=by,
        at=at,
    )
    run = batches.Run(
        id=begun.pk,
        todays=todays,
        is_also_renewing=is_also_renewing,
        batch_size=batch_size,
        by=by,
        at=at,
        stop=stop,
    )

    def step(name: str) -> due.Step:
        return due.Step(run_id=run.id, by=by, at=at, stop=stop, tell=begin(name))

    put_back = due.put_back(todays, step=step(PUTTING_BACK))
    due.mark_expired(todays, step=step(MARKING))
    tally = tallies.Tally(limit=limit, tell=tell, progress=begin(TERMINATING))
    _fail_unknown_zones(run, rule=rule, say=tally.add)
    if workers > 1:
        operations_workers.share_out(
            lambda share, say: _terminate_all(run, limit=share, say=say),
            shares=_shares(limit, workers=workers),
            tell=tally.add,
        )
    else:
        _terminate_all(run, limit=limit, say=tally.add)
    tally.progress = begin(HOLDING)
    due.hold_back(todays, rule=rule, run_id=run.id, stop=stop, tell=tally.hold)
    if not tally.has_reached_limit:
        due.release_numbers(todays, step=step(FREEING))
    ended = runs.finish(begun, put_back=put_back, was_stopped=stop(), by=by, at=clock() if clock else at)
    return tallies.Counts(
        as_of=day,
        expired=ended.expired,
        terminated=ended.terminated,
        held=ended.held,
        released_numbers=ended.released_numbers,
        failed=ended.failed,
        dry_run=False,
        renewing=ended.renewing,
        was_stopped=ended.was_stopped,
        has_reached_limit=tally.has_reached_limit,
    )


def count_due(
    *, as_of: date | None, at: datetime, is_also_renewing: bool = False, reactivation_days: int | None = None
) -> int:
    """Count what a run would terminate, under the settings in force or other reactivation days."""
    if reactivation_days is None:
        reactivation_days = settings_selectors.current_config().reactivation_days
    rule = due.Rule(reactivation_days, is_also_renewing=is_also_renewing)
    return due.count(due.todays(as_of=as_of, at=at), rule=rule)


def _too_many(found: int) -> tallies.TooManyDue | None:
    """Say whether more is due than a run without a limit may terminate."""
    if found <= MOST:
        return None
    allowed = max(MOST, due.count_not_terminated() * MOST_OF_TEN // 10)
    return tallies.TooManyDue(due=found, allowed=allowed) if found > allowed else None


def _fail_unknown_zones(
    run: batches.Run, *, rule: due.Rule, say: Callable[[Sequence[tallies.Result]], None]
) -> None:
    """Keep as failed what would be due if somebody knew which day it is there."""
    failures = [
        (item, str(days.UnknownTimezone(zone))) for item, zone in due.of_unknown_zones(run.todays, rule=rule)
    ]
    if failures:
        with audit_operations.operation("terminate_expired"):
            runs.fail(run.id, failures=[_failure(item, why) for item, why in failures])
        say([tallies.result_of(item, result=why) for item, why in failures])


def _look(
    todays: due.Todays,
    *,
    day: date,
    rule: due.Rule,
    limit: int | None,
    batch_size: int,
    stop: Callable[[], bool],
    tally: tallies.Tally,
) -> tallies.Counts:
    """Select as a run would, and count."""
    tally.add(
        [
            tallies.result_of(item, result=str(days.UnknownTimezone(zone)))
            for item, zone in due.of_unknown_zones(todays, rule=rule)
        ]
    )
    done, after = 0, due.START
    while not stop() and (limit is None or done < limit):
        room = batch_size if limit is None else min(batch_size, limit - done)
        found = due.select(
            todays,
            rule=rule,
            room=room,
            after=after,
            without=[],
            is_locking=False,
        )
        if not found:
            break
        done += len(found)
        after = found[-1].subscription_id
        tally.add([tallies.result_of(item, result=tallies.WOULD_BE) for item in found])
        if len(found) < room:
            break
    held = due.hold_back(todays, rule=rule, run_id=None, stop=stop, tell=tally.hold)
    return tallies.Counts(
        as_of=day,
        expired=due.count_ahead(todays) + due.count_passed(todays),
        terminated=tally.terminated,
        held=held,
        released_numbers=0 if tally.has_reached_limit else due.count_over(todays),
        failed=len(tally.failed),
        dry_run=True,
        renewing=tally.renewing,
        was_stopped=stop(),
        has_reached_limit=tally.has_reached_limit,
        refused=_too_many(tally.terminated) if limit is None else None,
    )


def _shares(limit: int | None, *, workers: int) -> list[int | None]:
    """Divide a limit among workers; those that would have nothing to do are left out."""
    if limit is None:
        return [None] * workers
    share, rest = divmod(limit, workers)
    return [share + (number < rest) for number in range(workers) if share + (number < rest)]


def _terminate_all(run: batches.Run, *, limit: int | None, say: Callable[[Sequence[tallies.Result]], None]) -> None:
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

    results: list[tallies.Result]
    failed: list[int]
    last: int | None


def _terminate_batch(run: batches.Run, *, room: int, after: int, without: list[int]) -> _Batch:
    with audit_operations.operation("terminate_expired"):
        config = settings_selectors.locked_config()
        found = due.select(
            run.todays,
            rule=run.rule(config),
            room=room,
            after=after,
            without=without,
            is_locking=True,
        )
        reasons = batches.record_all(found, run=run, config=config)
        done = [item for item in found if item.subscription_id not in reasons] if reasons else found
        if reasons:
            bad = [item for item in found if item.subscription_id in reasons]
            runs.fail(run.id, failures=[_failure(item, reasons[item.subscription_id]) for item in bad])
        runs.add(run.id, terminated=len(done), renewing=sum(item.auto_renew for item in done))
    # Only after the commit: a report never names what did not happen.
    return _Batch(
        results=[tallies.result_of(item, result=reasons.get(item.subscription_id, tallies.DONE)) for item in found],
        failed=list(reasons),
        last=found[-1].subscription_id if len(found) == room else None,
    )


def _failure(item: due.Due, why: str) -> runs.Failure:
    return runs.Failure(
        subscription_id=item.subscription_id,
        reason=why,
        expires_on=item.expires_on,
        days_expired=item.days_expired,
    )
