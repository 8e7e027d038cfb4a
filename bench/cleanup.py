"""The nightly clean-up beside its writes by hand, a loop of single operations, a second worker, and a tenth of it.

The night is one far ahead, by which every subscription of the database has expired: each is marked expired, ended
with its preview, and told of. Every run has a fresh copy. Ours and the floor leave the same rows, or
nothing counts.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bench import cleanup_floor, night, population
from bench.figures import Figure, Measured, in_turns
from bench.world import World, say

FIGURES = (
    Figure(name="cleanup_vs_floor", says="rows a second, times one transaction by hand", at_least=0.8),
    Figure(name="cleanup_vs_loop", says="rows a second, times single operations", at_least=30),
    Figure(name="cleanup_growth", says="seconds, times those of a tenth of the database", at_most=11),
    Figure(name="cleanup_memory_mb", says="memory above the command with nothing to do", at_most=40),
    Figure(name="cleanup_two_workers", says="rows a second of two workers, times one", at_least=1.4),
)

SAMPLE = 300
"""Subscriptions that the loop ends one by one."""

NOTHING_DUE = ("--as-of", "2000-01-01")

EVERYTHING = ("--max", "999999999", "--also-renewing")
"""A night on which more ends than ever should, and on which nobody asks what was renewed."""

# What a run leaves behind, as far as it is not made up by chance or by the clock.
_LEFT = """
SELECT 'subscriptions', status || auto_renew, count(*), 0 FROM subscriptions_subscription GROUP BY 2
UNION ALL SELECT 'terminations', "case" || settlement, count(*), sum(hashtextextended(quote::text, 0))
    FROM subscriptions_termination GROUP BY 2
UNION ALL SELECT 'numbers', status, count(*), sum(reserved_through - terminated_on) FROM subscriptions_phonenumber n
    LEFT JOIN subscriptions_termination t ON t.subscription_id = n.subscription_id GROUP BY 2
UNION ALL SELECT 'assignments', (ended_on IS NULL)::text, count(*), 0 FROM subscriptions_assignment GROUP BY 2
UNION ALL SELECT 'contract items', (freed_on IS NULL)::text, count(*), 0 FROM subscriptions_contractitem GROUP BY 2
UNION ALL SELECT 'history', kind, count(*), sum(hashtextextended(data ->> 'told', 0))
    FROM audit_auditentry WHERE subject_kind = 'subscription' GROUP BY 2
UNION ALL SELECT 'audit', event, count(*), sum(hashtextextended(description, 0)) FROM audit_auditentry
    WHERE event NOT IN ('Clean-up run', 'Clean-up step') GROUP BY 2
UNION ALL SELECT 'messages', status, count(*), sum(hashtextextended("to" || cc || subject || body, 0))
    FROM outbox_delivery GROUP BY 2
UNION ALL SELECT 'runs', '', (counts ->> 'expired')::bigint,
    coalesce((counts ->> 'terminated')::bigint, 0) + coalesce((counts ->> 'renewing')::bigint, 0) FROM jobs_run
ORDER BY 1, 2
"""


def measure(world: World) -> list[Measured]:
    """Clean up copies of the database, and of one of a tenth."""
    small = world.tenth()
    at = night.instant()
    # The command wants the two clocks to be no more than an hour apart, however long this takes.
    with world.on(at - timedelta(minutes=50)):
        return _measure(world, small, at=at)


def _measure(world: World, small: World, *, at: datetime) -> list[Measured]:
    runs: dict[str, list[dict[str, Any]]] = {}
    left: list[Any] = []

    def clean_up(name: str, where: World, *options: str) -> Callable[[], float]:
        def run() -> float:
            with where.copy() as url:
                _warm(where, url)
                answer = _night(where, url, "command", *EVERYTHING, *options, at=at)
                say(f"    {name}: {answer['seconds']:.1f} s")
                if where is world:
                    left.append(_left(where, url))
            runs.setdefault(name, []).append(answer)
            return float(answer["seconds"])

        return run

    def floor(where: World) -> Callable[[], float]:
        def run() -> float:
            with where.copy() as url:
                _warm(where, url)
                seconds = cleanup_floor.run(where, url, at=at)
                say(f"    by hand{'' if where is world else ', a tenth'}: {seconds:.1f} s")
                if where is world:
                    left.append(_left(where, url))
            return seconds

        return run

    one, by_hand, two, tenth, by_hand_tenth = in_turns(
        clean_up("one worker", world),
        floor(world),
        clean_up("two workers", world, "--workers", "2"),
        clean_up("a tenth", small),
        floor(small),
        turns=world.turns,
    )
    for other in left[1:]:
        if other != left[0]:
            raise RuntimeError(f"what was left differs: {set(left[0]) ^ set(other)}")
    terminated = runs["one worker"][0]["terminated"]
    loop = statistics.median(_loop(world, at=at) for _ in range(world.turns))
    with world.copy() as url:
        idle = _night(world, url, "command", *NOTHING_DUE, at=at)["peak_mb"]
    peak, small_peak = (
        statistics.median(run["peak_mb"] for run in runs[name]) - idle for name in ("one worker", "a tenth")
    )
    rate = terminated / one
    return [
        Measured(
            name="cleanup_vs_floor",
            value=by_hand / one,
            ours=f"{rate:,.0f} a second, {terminated:,} in {one:.1f} s",
            peer=f"{terminated / by_hand:,.0f} a second, {by_hand:.1f} s",
        ),
        Measured(name="cleanup_vs_loop", value=rate / loop, ours=f"{rate:,.0f} a second", peer=f"{loop:,.1f}"),
        Measured(
            name="cleanup_growth",
            value=one / tenth,
            ours=f"{terminated:,} in {one:.1f} s, {runs['a tenth'][0]['terminated']:,} in {tenth:.2f} s",
            peer=f"by hand {by_hand / by_hand_tenth:.1f} times",
        ),
        Measured(
            name="cleanup_memory_mb",
            value=max(peak, small_peak),
            ours=f"{peak:.1f} MB for {terminated:,}, {small_peak:.1f} for {runs['a tenth'][0]['terminated']:,}",
            peer=f"the idle command's {idle:.1f} MB left out",
        ),
        Measured(
            name="cleanup_two_workers",
            value=one / two,
            ours=f"{terminated / two:,.0f} a second",
            peer=f"{rate:,.0f} a second",
        ),
    ]


def _loop(world: World, *, at: datetime) -> float:
    """Give how many single operations are done in a second."""
    with world.copy() as url:
        _warm(world, url)
        answer = _night(world, url, "loop", str(world.times(SAMPLE)), at=at)
    return float(answer["terminated"] / answer["seconds"])


def _night(world: World, url: str, what: str, *options: str, at: datetime) -> dict[str, Any]:
    """Run one of `bench.night` to its end, and give what it printed."""
    said = world.python("-m", "bench.night", what, at.isoformat(), *options, url=url)
    answer: dict[str, Any] = json.loads(said)
    return answer


def _warm(world: World, url: str) -> None:
    """Read what a clean-up reads, as after a day's work."""
    with world.connect(url) as connection:
        for table in population.TABLES:
            connection.execute(f"SELECT count(*) FROM {table}")


def _left(world: World, url: str) -> list[Any]:
    with world.connect(url) as connection:
        return connection.execute(_LEFT).fetchall()
