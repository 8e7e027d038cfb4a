"""Terminations through HTTP by eight agents at once, beside their statements sent by a script on eight connections.

Every termination is of another organisation, and all are in one copy of the database. The script's statements were
written down while its terminations were done in another copy. Agents and script do as many before the first turn,
so that both have their statements prepared. What agents do themselves, reading a page for what to send next, is in
the times of whole terminations and not in those of Apply.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import psycopg

from bench import figures, statements, walk
from bench.client import Client
from bench.figures import Figure, Measured
from bench.world import AGENTS, PASSWORD, World
from portal import embedded

FIGURES = (
    Figure(name="terminate_vs_floor", says="terminations a second, times their statements alone", at_least=0.1),
    Figure(name="apply_vs_floor", says="Applies a second, times their statements alone", at_least=0.25),
    Figure(name="apply_p95_ms", says="Apply by one agent, p95", at_most=40),
    Figure(name="apply_8_p95_ms", says="Apply by eight agents at once, p95", at_most=150),
    Figure(name="apply_queries", says="statements of an Apply, the most", at_most=25),
)

ALONE = 40
"""Terminations by one agent, after as many to warm up; fewer where the database is small."""
EACH = 6
"""Terminations of an agent in each turn, by each way; fewer where the database is small."""
_ORGANISATIONS_FOR_ONE, _ORGANISATIONS_FOR_AN_AGENT = 200, 100
"""A tiny database shows that all works, with two agents and one termination of each."""


def measure(world: World) -> list[Measured]:
    """Let agents and script work in turns on one copy."""
    found = _subscriptions(world)
    alone = min(ALONE, world.rows // _ORGANISATIONS_FOR_ONE, len(found) // 16) or 1
    names = AGENTS[: max(2, world.rows // _ORGANISATIONS_FOR_AN_AGENT)]
    # Two figures, two ways, each turn; and before that either way as often as one agent's figure takes.
    most = max(1, min(EACH, world.rows // _ORGANISATIONS_FOR_ONE))
    each = min(most, (len(found) - 4 * alone) // (4 * world.turns * len(names))) * len(names)
    subscriptions = iter(found)
    flows = _write_down(world, list(islice(subscriptions, 2 * alone + 2 * world.turns * each)))
    url, port = world.serve_writers()
    agents = [Client(port) for _ in names]
    for agent, name in zip(agents, names, strict=True):
        agent.log_in(name, PASSWORD)
    with contextlib.ExitStack() as open_lines:
        script = [open_lines.enter_context(world.connect(url)) for _ in names]
        _together(agents, list(islice(subscriptions, alone)), _terminate)
        one = [_terminate(agents[0], subscription) for subscription in islice(subscriptions, alone)]
        written = iter(flows)
        _together(script, list(islice(written, 2 * alone)), _replay)
        rates, eight = _in_turns(agents, script, subscriptions, written, each=each, turns=world.turns)
    longest = max(flows, key=lambda flow: len(flow.apply))
    terminations, by_script, applies, applies_by_script = rates
    return [
        _ratio("terminate_vs_floor", terminations, by_script),
        _ratio("apply_vs_floor", applies, applies_by_script),
        _p95("apply_p95_ms", one),
        _p95("apply_8_p95_ms", eight),
        Measured(
            name="apply_queries",
            value=len(longest.apply),
            ours=f"{len(longest.before)} more on the way there",
        ),
    ]


def _in_turns(
    agents: Sequence[Client],
    script: Sequence[psycopg.Connection[Any]],
    subscriptions: Iterator[str],
    flows: Iterator[statements.Flow],
    *,
    each: int,
    turns: int,
) -> tuple[list[float], list[float]]:
    """Give how many whole terminations and Applies a second each does, and the seconds of the agents' Applies."""
    eight: list[float] = []

    def terminations() -> float:
        return each / _together(agents, list(islice(subscriptions, each)), _terminate)

    def applies() -> float:
        chosen = list(islice(subscriptions, each))
        shown: dict[str, Any] = {}

        def go(agent: Client, subscription: str) -> None:
            shown[subscription] = walk.to_choice(agent, subscription)["choice"]

        def apply(agent: Client, subscription: str) -> None:
            eight.append(walk.apply(agent, shown[subscription]).seconds)

        _together(agents, chosen, go)
        return each / _together(agents, chosen, apply)

    def terminations_by_script() -> float:
        return each / _together(script, list(islice(flows, each)), _replay)

    def applies_by_script() -> float:
        return each / _together(
            script, list(islice(flows, each)), lambda line, flow: statements.replay(line, flow, flow.apply)
        )

    return figures.in_turns(terminations, terminations_by_script, applies, applies_by_script, turns=turns), eight


def _terminate(agent: Client, subscription: str) -> float:
    """Go the whole way; give the seconds of its last step."""
    return float(walk.apply(agent, walk.to_choice(agent, subscription)["choice"]).seconds)


def _replay(line: psycopg.Connection[Any], flow: statements.Flow) -> None:
    """Send the statements of the whole way."""
    statements.replay(line, flow, flow.before + flow.apply)


def _together(workers: Sequence[Any], jobs: Sequence[Any], do: Callable[[Any, Any], object]) -> float:
    """Let every worker do its part of the jobs, all at the same time; give the seconds until the last is done."""

    def work(number: int) -> None:
        for job in jobs[number :: len(workers)]:
            do(workers[number], job)

    started = time.perf_counter()
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(work, range(len(workers))))
    return time.perf_counter() - started


def _write_down(world: World, subscriptions: Sequence[str]) -> list[statements.Flow]:
    with world.copy() as url:
        ended = subprocess.run(
            [sys.executable, "-m", "bench.statements", AGENTS[0]],
            cwd=embedded.ROOT,
            env=world.environment(url),
            input=" ".join(subscriptions).encode(),
            capture_output=True,
            close_fds=True,
        )
    if ended.returncode:
        raise RuntimeError(f"writing down ended with {ended.returncode}: {ended.stderr.decode()[-2000:]}")
    flows: list[statements.Flow] = pickle.loads(ended.stdout)
    return flows


def _subscriptions(world: World) -> list[str]:
    """Find as many active subscriptions as could be needed, each of another organisation."""
    with world.connect() as connection:
        rows = connection.execute(
            """
            SELECT uuid FROM (
                SELECT DISTINCT ON (organisation_id) uuid::text AS uuid FROM subscriptions_subscription
                WHERE status = 'active' AND NOT is_trial AND expires_on > current_date + 1
                ORDER BY organisation_id, id
            ) s ORDER BY md5(uuid) LIMIT %s
            """,
            [4 * ALONE + 4 * world.turns * len(AGENTS) * EACH],
        ).fetchall()
    return [uuid for (uuid,) in rows]


def _ratio(name: str, ours: float, floor: float) -> Measured:
    return Measured(name=name, value=ours / floor, ours=f"{ours:.1f} a second", peer=f"{floor:.1f} a second")


def _p95(name: str, seconds: Sequence[float]) -> Measured:
    return Measured(
        name=name,
        value=figures.p95(seconds) * 1000,
        ours=f"median {sorted(seconds)[len(seconds) // 2] * 1000:.1f} ms of {len(seconds)}",
    )
