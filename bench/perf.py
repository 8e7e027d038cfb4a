"""`./test bench`: measure ours beside a floor or a peer, in one run on one warmed database, and print the ratios.

A subject is a module with `FIGURES` (what it can measure, with targets) and `measure(world)`, which gives a
`Measured` for each; it is entered in `SUBJECTS`. NAME on the command line is a subject or one of its figures. Who
writes to the database takes `world.copy()`; who needs the portal over HTTP takes `world.serve()`, or shares a
server with others: to read only, `world.serve_readers()`, to write a little as well, `world.serve_writers()`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import traceback
from http.client import HTTPException
from pathlib import Path
from subprocess import SubprocessError
from types import FrameType, ModuleType

import django.db
import psycopg
from django.core.exceptions import ObjectDoesNotExist

from bench import cleanup, flows, imports, lists, pages, renewals, search, weight
from bench.figures import Figure, Measured
from bench.world import World, say
from portal import embedded

SUBJECTS: dict[str, ModuleType] = {
    "cleanup": cleanup,
    # They write to the same copy, and share its server.
    "flows": flows,
    "weight": weight,
    "import": imports,
    "lists": lists,
    "renewals": renewals,
    # They only read, and share a server.
    "pages": pages,
    "search": search,
}
DEFAULT_ROWS = 200_000
DEFAULT_TURNS = 3

Results = list[tuple[Figure, Measured]]

# What a subject may end in while the others go on: a mistake of its own takes nothing away from them either.
_FAILURES: tuple[type[Exception], ...] = (
    *(embedded.EmbeddedError, psycopg.Error, django.db.Error, ObjectDoesNotExist, HTTPException, SubprocessError),
    *(ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, StopIteration),
    *(TypeError, ValueError),
)


def chosen(given: list[str]) -> list[str]:
    """Find the subjects of what was named; all of them when nothing was. *Raises*: KeyError."""
    by_figure = {figure.name: subject for subject, module in SUBJECTS.items() for figure in module.FIGURES}
    wanted = {name if name in SUBJECTS else by_figure[name] for name in given} or set(SUBJECTS)
    return [subject for subject in SUBJECTS if subject in wanted]


def run(subjects: list[str], world: World, *, fresh: bool) -> tuple[Results, list[str]]:
    """Measure the subjects one after the other, and tell each at once. Gives also a line for each that failed."""
    world.open(fresh=fresh)
    results: Results = []
    failures = []
    for subject in subjects:
        module = SUBJECTS[subject]
        started = time.monotonic()
        say(f"measuring {subject} (load {os.getloadavg()[0]:.1f})")
        try:
            measured = {found.name: found for found in module.measure(world)}
            its_own = [(figure, measured[figure.name]) for figure in module.FIGURES]
        except _FAILURES as error:
            say(traceback.format_exc())
            # They may be of no use any more.
            django.db.connections.close_all()
            world.end_sharing()
            failures.append(f"{subject} failed: {type(error).__name__}: {' '.join(str(error).split())}")
            continue
        results += its_own
        say(f"    {time.monotonic() - started:.0f} s")
        say(table(its_own))
    return results, failures


def table(results: Results) -> str:
    """Lay the figures out for people, as Markdown."""
    rows = [("Figure", "", "Value", "Ours", "Floor or peer", "Target", "Met")]
    for figure, found in results:
        met = "" if not figure.target else "yes" if figure.is_met_by(found.value) else "**no**"
        rows.append(
            (f"`{figure.name}`", figure.says, f"{found.value:.4g}", found.ours, found.peer, figure.target, met)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="./test bench", description="Measure ours beside a floor or a peer.")
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS, metavar="N", help="organisations (200,000)")
    parser.add_argument(
        "--turns",
        type=int,
        default=DEFAULT_TURNS,
        metavar="N",
        help="turns of what writes (3)",
    )
    parser.add_argument(
        "--beside",
        type=Path,
        default=embedded.ROOT,
        metavar="CHECKOUT",
        help="an older version with its .venv, whose list of invoices stands beside our lists",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--fresh", action="store_true", help="build the database anew")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"figures or subjects ({', '.join(SUBJECTS)})")
    options = parser.parse_args(arguments)
    if options.turns < 1:
        parser.error("--turns is 1 or more")
    if options.rows < 100 * options.turns:
        parser.error("--rows is 100 or more for each turn")
    try:
        subjects = chosen(options.names)
    except KeyError as error:
        parser.error(f"nothing is called {error.args[0]}: expected {', '.join(SUBJECTS)} or a figure of theirs")
    signal.signal(signal.SIGTERM, _leave)
    world = World(rows=options.rows, turns=options.turns, beside=options.beside.resolve())
    try:
        results, failures = run(subjects, world, fresh=options.fresh)
    except embedded.EmbeddedError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    finally:
        world.end_sharing()
    if options.json:
        print(json.dumps({found.name: round(found.value, 4) for _, found in results}, indent=2))
    else:
        print(table(results), flush=True)
    for failure in failures:
        say(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
