"""The nightly clean-up: update statuses, terminate what expired long ago, free numbers. Source: domain.md 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from portal import frame
from portal.jobs import operations as jobs
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import batches, due, runs, steps
from subscriptions.clean_up.operations import counts as tallies
from subscriptions.clean_up.operations import workers as operations_workers
from subscriptions.selectors import zones

DEFAULT_BATCH = 5000
# A run without a limit terminates at most MOST, or MOST_OF_TEN tenths of all that has not ended if that is more.
MOST, MOST_OF_TEN = 1000, 1
# The names of the steps, as progress shows them. A dry run has only SELECTING.
PUTTING_BACK, MARKING, TERMINATING, FREEING = "Marking active", "Marking expired", "Terminating", "Freeing numbers"
SELECTING, HOLDING = "Selecting", "Holding back"
# Called with a step and the number of its rows that are done: 0 at its start, then after each batch.
Progress = Callable[[str, int], None]


def _never() -> bool:
    return False


def _unseen(step: str, done: int) -> None:
    pass


def terminate_expired(
    *,
    as_of: date | None,
    limit: int | None,
    by: frame.Actor,
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
    """Update stored statuses, terminate what expired too long ago, and free numbers, in batches.

    Each batch is one transaction, and skips rows that another worker has locked. Subscriptions with auto-renewal on
    are held back unless `is_also_renewing`: their renewal may only be missing here. A dry run only reads, in one
    process.

    *Units*: `as_of` is today for every organisation. Without it, today depends on the time zone of the organisation
    at the start, `at`. `clock` gives the time of the end.
    *Shape*: a run that reaches its `limit` of terminations stops, and frees no numbers. A limit is meant for nights
    on which something is wrong, since neither can be undone. Without a limit, a run with too much due (`MOST`)
    writes nothing. `stop` is asked between batches by every worker, so it has to read memory that processes share.
    `report` is the path of the run's report, kept for whoever has to complete it.
    *Raises*: TooManyDue, before anything is written. sharing.WorkerEnded, OperationalError and InterfaceError leave
    the run unfinished.
    """
    todays = zones.todays(as_of=as_of, at=at)
    day = as_of or at.astimezone(UTC).date()
    config = settings_selectors.current_config()
    rule = due.Rule(config, is_also_renewing=is_also_renewing)

    def begin(step: str) -> Callable[[int], None]:
        progress(step, 0)
        return partial(progress, step)

    if is_dry_run:
        tally = tallies.Tally(limit=limit, tell=tell, progress=begin(SELECTING))
        return _look(todays, day=day, rule=rule, limit=limit, batch_size=batch_size, stop=stop, tally=tally)
    count = due.count(todays, rule=rule) if limit is None else None
    if count is not None and (refused := _too_many(count)):
        raise refused
    begun = runs.begin(
        as_of=day,
        limit=limit,
        workers=workers,
        is_also_renewing=is_also_renewing,
        report=report,
        due=count,
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

    now = clock or (lambda: at)
    part = partial(runs.part, begun, clock=now, stop=stop)

    def step(name: str, *, part: str) -> steps.Step:
        return steps.Step(run=begun, part=part, by=by, at=at, stop=stop, tell=begin(name))

    with part(name=runs.PUT_BACK):
        put_back = steps.put_back(todays, step=step(PUTTING_BACK, part=runs.PUT_BACK))
    with part(name=runs.MARK):
        steps.mark_expired(todays, step=step(MARKING, part=runs.MARK))
    tally = tallies.Tally(limit=limit, tell=tell, progress=begin(TERMINATING))
    with part(name=runs.END):
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
    with part(name=runs.HOLD):
        due.hold_back(todays, rule=rule, run_id=run.id, stop=stop, tell=tally.hold)
    if not tally.has_reached_limit:
        with part(name=runs.FREE):
            steps.release_numbers(todays, step=step(FREEING, part=runs.FREE))
    ended = runs.finish(begun, put_back=put_back, was_stopped=stop(), by=by, at=now())
    return tallies.Counts(
        as_of=day,
        expired=ended.count("expired"),
        terminated=ended.count("terminated"),
        held=ended.count("held"),
        released_numbers=ended.count("released_numbers"),
        failed=ended.count("failed"),
        dry_run=False,
        renewing=ended.count("renewing"),
        was_stopped=ended.was_stopped,
        has_reached_limit=tally.has_reached_limit,
    )


def count_due(
    *, as_of: date | None, at: datetime, is_also_renewing: bool = False, reactivation_days: int | None = None
) -> int:
    """Count what a run would terminate. Without `reactivation_days` the settings in force apply."""
    config = settings_selectors.current_config()
    if reactivation_days is not None:
        config = replace(config, reactivation_days=reactivation_days)
    rule = due.Rule(config, is_also_renewing=is_also_renewing)
    return due.count(zones.todays(as_of=as_of, at=at), rule=rule)


def _too_many(found: int) -> tallies.TooManyDue | None:
    """Give the refusal if more is due than a run without a limit may terminate."""
    if found <= MOST:
        return None
    allowed = max(MOST, due.count_not_terminated() * MOST_OF_TEN // 10)
    return tallies.TooManyDue(due=found, allowed=allowed) if found > allowed else None


def _fail_unknown_zones(
    run: batches.Run, *, rule: due.Rule, say: Callable[[Sequence[tallies.Result]], None]
) -> None:
    """Record subscriptions in unknown time zones as failed: nobody knows their date."""
    failures = [
        (item, str(days.UnknownTimezone(zone))) for item, zone in due.of_unknown_zones(run.todays, rule=rule)
    ]
    if failures:
        with frame.operation("terminate_expired"):
            runs.fail(run.id, failures=[_failure(item, why) for item, why in failures])
        say([tallies.result_of(item, result=why) for item, why in failures])


def _look(
    todays: zones.Todays,
    *,
    day: date,
    rule: due.Rule,
    limit: int | None,
    batch_size: int,
    stop: Callable[[], bool],
    tally: tallies.Tally,
) -> tallies.Counts:
    """Select what a run would terminate, and count it."""
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
        expired=steps.count_ahead(todays) + steps.count_passed(todays),
        terminated=tally.terminated,
        held=held,
        released_numbers=0 if tally.has_reached_limit else steps.count_over(todays),
        failed=len(tally.failed),
        dry_run=True,
        renewing=tally.renewing,
        was_stopped=stop(),
        has_reached_limit=tally.has_reached_limit,
        refused=_too_many(tally.terminated) if limit is None else None,
    )


def _shares(limit: int | None, *, workers: int) -> list[int | None]:
    """Divide a limit among workers. Workers without a share are left out."""
    if limit is None:
        return [None] * workers
    share, rest = divmod(limit, workers)
    return [share + (number < rest) for number in range(workers) if share + (number < rest)]


def _terminate_all(run: batches.Run, *, limit: int | None, say: Callable[[Sequence[tallies.Result]], None]) -> None:
    """Terminate batch after batch, and report the results of each after its commit.

    Failures don't count towards the limit. Otherwise `limit` failures at the front would block all others for good.
    """
    done, after = 0, due.START
    without: list[int] = []
    while not run.stop() and (limit is None or done < limit):
        room = run.batch_size if limit is None else min(run.batch_size, limit - done)
        batch = _terminate_batch(run, room=room, after=after, without=without)
        if batch.results:
            say(batch.results)
        done += len(batch.results) - len(batch.failed)
        # The next selection would find the failures again.
        without += batch.failed
        if after == due.START and not batch.results:
            break
        # After the last batch, start over once: rows that were locked before may be free now.
        after = batch.last or due.START


@dataclass(frozen=True)
class _Batch:
    """Hold the results of a batch, the primary keys of its failures, and where the next batch starts.

    *Shape*: `last` is None at the end of the selection.
    """

    results: list[tallies.Result]
    failed: list[int]
    last: int | None


def _terminate_batch(run: batches.Run, *, room: int, after: int, without: list[int]) -> _Batch:
    with frame.operation("terminate_expired"):
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
        jobs.add(
            run.id,
            counts={"terminated": len(done), "renewing": sum(item.auto_renew for item in done)},
            part=runs.END,
        )
    # Results are built after the commit, so a report never names a termination that did not happen.
    return _Batch(
        results=[tallies.result_of(item, result=reasons.get(item.subscription_id, tallies.DONE)) for item in found],
        failed=list(reasons),
        last=found[-1].subscription_id if len(found) == room else None,
    )


def _failure(item: due.Due, why: str) -> jobs.Item:
    return jobs.Item(
        subject=item.subscription_uuid,
        sentence=why,
        data={"expires_on": item.expires_on, "days_expired": item.days_expired},
    )
