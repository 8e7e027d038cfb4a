"""`./test compare CHECKOUT`: this checkout beside another one, by turns, on copies of one database.

CHECKOUT is an older version of the portal, for example `git worktree add ../before COMMIT`, in which `./run` or
`./test` has made the virtual environment. Its own code fills a database; a copy of it is migrated by this checkout.
From then on each turn measures both, every other turn in the other order, and the medians are compared: a ratio of
0.9 says that this checkout is a tenth slower. No subscription renews, since a checkout may hold such ones back.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from psycopg import sql

from bench import house, imports, night, search, walk
from bench.client import Client
from bench.world import AGENTS, AUDITOR, PASSWORD, World, say
from portal import embedded

SUBJECTS = ("cleanup", "flows", "pages", "search", "import")
AT_LEAST = 0.9
DEFAULT_ROWS = 20_000
DEFAULT_TURNS = 5

FLOWS = 40
"""Terminations of one agent in a turn, after a few to warm up."""
PAGE_ROUNDS = 20
"""How often each page is asked for in a turn; a different customer each time."""
_WARM_UP = 5

# Statements about the population, by the checkout that made the schema.
_FILL = """
import datetime, sys, psycopg
try:
    from bench import population
except ModuleNotFoundError:  # a checkout of before 29 November 2026
    from tests.bench import population
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    population.build(connection, rows=int(sys.argv[2]), today=datetime.datetime.now(tz=datetime.UTC).date(),
                     tell=lambda what: print(what, file=sys.stderr))
"""
_NOBODY_RENEWS = """
ALTER TABLE subscriptions_subscription DISABLE TRIGGER USER;
UPDATE subscriptions_subscription SET auto_renew = false WHERE auto_renew;
ALTER TABLE subscriptions_subscription ENABLE TRIGGER USER;
VACUUM (FULL, ANALYZE) subscriptions_subscription;
"""

Turn = Callable[["Side"], float]


@dataclass(frozen=True)
class Side:
    """One of the two checkouts. *Shape*: `url` is its database."""

    name: str
    root: Path
    world: World
    url: str

    def bench(self, name: str) -> str:
        """Name a program of its bench; before 29 November 2026 that stood below its tests."""
        return f"bench.{name}" if (self.root / "bench").is_dir() else f"tests.bench.{name}"

    def environment(self, url: str) -> dict[str, str]:
        """Give the environment of its programs; static files and key are its own."""
        data = self.world.home / f"compare-{self.name}"
        data.mkdir(exist_ok=True)
        return {**os.environ, "DATABASE_URL": url, "PORTAL_DATA": str(data)}

    @property
    def python(self) -> str:
        return sys.executable if self.root == embedded.ROOT else str(self.root / ".venv" / "bin" / "python")

    def run(self, *arguments: str, url: str) -> str:
        """Run a program of the checkout to its end and give what it printed."""
        ended = subprocess.run(
            [self.python, *arguments],
            cwd=self.root,
            env=self.environment(url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if ended.returncode:
            raise RuntimeError(
                f"{self.name}: {arguments[:3]} ended with {ended.returncode}: {ended.stderr[-2000:]}"
            )
        return ended.stdout

    @contextlib.contextmanager
    def serve(self, url: str) -> Iterator[int]:
        """Run its server over a database. Gives the port."""
        with self.world.serve(url, python=self.python, root=self.root, environment=self.environment(url)) as port:
            yield port


# ---- What is measured --------------------------------------------------------------------------------------------


def cleanup(world: World, sides: tuple[Side, Side], *, turns: int) -> tuple[float, float]:
    """Give the seconds of the night on which everything has expired."""
    at = night.instant()

    def one(side: Side) -> float:
        with world.copy(side.url) as url:
            _read_everything(world, url)
            said = side.run("-m", side.bench("night"), "command", at.isoformat(), "--max", "999999999", url=url)
        answer = json.loads(said)
        seconds, ended = float(answer["seconds"]), float(answer["terminated"])
        say(f"    {side.name}: {ended:,.0f} in {seconds:.2f} s")
        done.setdefault(side.name, []).append(ended)
        return seconds

    done: dict[str, list[float]] = {}
    with world.on(at - timedelta(minutes=50)):
        found = in_turns(sides, one, turns=turns)
    if len(set(itertools.chain(*done.values()))) != 1:
        raise RuntimeError(f"the clean-ups ended differently many: {done}")
    return found


def flows(world: World, sides: tuple[Side, Side], *, turns: int) -> tuple[float, float]:
    """Give the seconds of a termination from reason to Apply, by one agent."""
    warm_up = world.warm_up(_WARM_UP)
    with world.connect(sides[1].url) as connection:
        every = [
            uuid
            for (uuid,) in connection.execute(
                """
                SELECT uuid FROM (
                    SELECT DISTINCT ON (organisation_id) uuid::text AS uuid FROM subscriptions_subscription
                    WHERE status = 'active' AND NOT is_trial AND expires_on > current_date + 1
                    ORDER BY organisation_id, id
                ) s ORDER BY md5(uuid)
                """
            )
        ]

    def one(side: Side) -> float:
        seconds = []
        with world.copy(side.url) as url, side.serve(url) as port:
            agent = Client(port)
            agent.log_in(AGENTS[0], PASSWORD)
            for uuid in every[: warm_up * 2 + world.times(FLOWS)]:
                started = time.perf_counter()
                walk.apply(agent, walk.to_choice(agent, uuid)["choice"])
                seconds.append(time.perf_counter() - started)
        return statistics.median(seconds[warm_up * 2 :])

    return in_turns(sides, one, turns=turns)


def pages(world: World, sides: tuple[Side, Side], *, turns: int) -> tuple[float, float]:
    """Give the sum of the median seconds of each page that agents open, and of the audit."""
    warm_up = world.warm_up(_WARM_UP)
    with world.connect(sides[1].url) as connection:
        customers = connection.execute(
            """
            SELECT o.uuid::text, s.uuid::text FROM subscriptions_subscription s
            JOIN customers_organisation o ON o.id = s.organisation_id ORDER BY md5(s.id::text) LIMIT %s
            """,
            [world.times(PAGE_ROUNDS) + warm_up],
        ).fetchall()

    def one(side: Side) -> float:
        times: dict[str, list[float]] = {}
        agent, auditor = clients[side.name]
        for number, (organisation, subscription) in enumerate(customers):
            for name, browser, address in (
                ("organisation", agent, f"/customers/{organisation}/"),
                ("subscriptions", agent, f"/customers/{organisation}/subscriptions/"),
                ("sidebar", agent, f"/subscriptions/{subscription}/"),
                ("invoices", agent, "/invoices/"),
                ("notes", agent, "/credit-notes/"),
                ("audit", auditor, "/audit/"),
            ):
                headers = walk.HTMX if name == "sidebar" else {}
                seconds = browser.get(address, headers=headers).seconds
                if number >= warm_up:
                    times.setdefault(name, []).append(seconds)
        medians = {name: statistics.median(values) for name, values in times.items()}
        said = ", ".join(f"{name} {value * 1000:.1f}" for name, value in medians.items())
        say(f"    {side.name}, ms: {said}")
        return sum(medians.values())

    with _browsers(sides) as clients:
        return in_turns(sides, one, turns=turns)


def searching(world: World, sides: tuple[Side, Side], *, turns: int) -> tuple[float, float]:
    """Give the sum of the median seconds of each kind of search, the whole page."""
    kinds = search.questions_of(sides[1].url, world)

    def one(side: Side) -> float:
        agent, _ = clients[side.name]
        medians = {
            kind: statistics.median(
                agent.get("/customers/?" + urlencode({"q": query})).seconds for query in queries
            )
            for kind, queries in kinds.items()
        }
        say(f"    {side.name}, ms: " + ", ".join(f"{kind} {value * 1000:.1f}" for kind, value in medians.items()))
        return sum(medians.values())

    with _browsers(sides) as clients:
        for side in sides:
            one(side)  # asked once before it counts
        return in_turns(sides, one, turns=turns)


def importing(world: World, sides: tuple[Side, Side], *, turns: int) -> tuple[float, float]:
    """Give the seconds of importing all organisations into an empty portal."""
    with tempfile.TemporaryDirectory(prefix="portal-import-") as place, contextlib.ExitStack() as stack:
        files = Path(place) / "files"
        imports.write_files(world, files, organisations=world.rows, url=sides[1].url)
        empty = {side.name: stack.enter_context(world.database(f"compare_empty_{side.name}")) for side in sides}
        for side in sides:
            side.run("manage.py", "migrate", "--verbosity", "0", url=empty[side.name])

        def one(side: Side) -> float:
            with world.copy(empty[side.name]) as url:
                started = time.perf_counter()
                side.run("manage.py", "import_data", str(files), url=url)
                seconds = time.perf_counter() - started
            say(f"    {side.name}: {seconds:.2f} s")
            return seconds

        return in_turns(sides, one, turns=turns)


_MEASURES = dict(zip(SUBJECTS, (cleanup, flows, pages, searching, importing), strict=True))


def in_turns(sides: tuple[Side, Side], one: Turn, *, turns: int) -> tuple[float, float]:
    """Let both take their turns, every other time in the other order; give the medians in the order of `sides`."""
    found: dict[str, list[float]] = {side.name: [] for side in sides}
    for turn in range(turns):
        for side in sides if turn % 2 == 0 else reversed(sides):
            found[side.name].append(one(side))
    first, second = (statistics.median(found[side.name]) for side in sides)
    return first, second


@contextlib.contextmanager
def _browsers(sides: tuple[Side, Side]) -> Iterator[dict[str, tuple[Client, Client]]]:
    """Serve both at once, so that a turn costs no start; who is not asked is idle."""
    with contextlib.ExitStack() as stack:
        clients = {}
        for side in sides:
            port = stack.enter_context(side.serve(side.url))
            agent, auditor = Client(port), Client(port)
            agent.log_in(AGENTS[0], PASSWORD)
            auditor.log_in(AUDITOR, PASSWORD)
            clients[side.name] = (agent, auditor)
        yield clients


def _read_everything(world: World, url: str) -> None:
    with world.connect(url) as connection:
        for (table,) in connection.execute("SELECT relname FROM pg_stat_user_tables").fetchall():
            connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))


# ---- The two sides -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def both(world: World, other: Path) -> Iterator[tuple[Side, Side]]:
    """Let the other checkout make its database, and this one migrate a copy of it. Both are gone in the end."""
    with world.database("compare_before") as url:
        before = Side(name="before", root=other, world=world, url=url)
        before.run("manage.py", "migrate", "--verbosity", "0", url=url)
        before.run("manage.py", "shell", "--verbosity", "0", "-c", world.staff(), url=url)
        say(f"filling a database of {world.rows:,} organisations")
        before.run("-c", _FILL, url, str(world.rows), url=url)
        with world.connect(url) as connection:
            for statement in _NOBODY_RENEWS.strip().split("\n"):
                connection.execute(statement)
        with world.copy(url, name="compare_now") as now_url:
            now = Side(name="now", root=embedded.ROOT, world=world, url=now_url)
            started = time.monotonic()
            now.run("manage.py", "migrate", "--verbosity", "0", url=now_url)
            say(f"migrated in {time.monotonic() - started:.1f} s")
            for address in (url, now_url):
                with world.connect(address) as connection:
                    connection.execute("VACUUM (ANALYZE)")
            yield before, now


def run(names: list[str], *, other: Path, rows: int, turns: int) -> dict[str, tuple[float, float]]:
    """Measure the subjects; give the medians before and now, in seconds."""
    world = World(rows=rows, turns=turns)
    world.start()
    found = {}
    with both(world, other) as sides:
        for name in names:
            say(f"comparing {name} (load {os.getloadavg()[0]:.1f})")
            found[name] = before, now = _MEASURES[name](world, sides, turns=turns)
            say(f"  {name}: before {before:.4f} s, now {now:.4f} s, ratio {before / now:.3f}")
    return found


def main(arguments: list[str]) -> int:
    """Read the arguments, measure, print a line for each; 1 when one is slower than a tenth."""
    parser = argparse.ArgumentParser(prog="./test compare", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT", help="an older version with its .venv")
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS, metavar="N", help="organisations (20,000)")
    parser.add_argument("--turns", type=int, default=DEFAULT_TURNS, metavar="N", help="turns (5)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUBJECTS))
    options = parser.parse_intermixed_args(arguments)
    if unknown := [name for name in options.names if name not in SUBJECTS]:
        parser.error(f"nothing is called {unknown[0]}: expected {', '.join(SUBJECTS)}")
    other = options.checkout.resolve()
    if not (other / ".venv" / "bin" / "python").exists():
        parser.error(f"{other} has no virtual environment: run `./run check` there first")
    for name in house.HIDDEN:
        os.environ.pop(name, None)
    found = run(options.names or list(SUBJECTS), other=other, rows=options.rows, turns=options.turns)
    for name, (before, now) in found.items():
        print(f"{name:8} before {before:9.4f} s  now {now:9.4f} s  ratio {before / now:.3f}")
    return 0 if all(before / now >= AT_LEAST for before, now in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
