"""Nights at size: one that renews thousands, one that is killed and started again, and sixty in a row.

    python -m bench.nights [DIRECTORY] [--nights N] [--kills N] [--renewals N] [--seed S] [--json]

As a command: `./test nights ...`. DIRECTORY has the files of an import; without one the bench makes customers of
its own. Portal and database have the clock of the night, by `faketime`. What is seen goes to standard error, the
result to standard output. Exit status 1 when something did not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from bench import directories
from bench.dated import Place
from bench.nights_daily import Daily
from bench.nights_killed import Kills
from bench.nights_renewals import Renewals
from portal import embedded

ORIGINAL = "customers"
CUSTOMERS = 1200
# The hour of the nights: no day begins then where a customer is, nor within the next hours.
HOUR = 1


def run(place: Place, options: argparse.Namespace) -> dict[str, Any]:
    """Do the three parts that are wanted."""
    begin = datetime.now(UTC).replace(hour=HOUR, minute=0, second=0, microsecond=0)
    place.open_at(begin, _say)
    result: dict[str, Any] = {"seed": options.seed}
    violations: list[str] = []
    if options.renewals:
        renewals = Renewals(place, subscriptions=options.renewals, begin=begin, tell=_say)
        result["renewals"] = renewals.run()
        violations += renewals.violations
    if options.kills or options.nights:
        if options.renewals:  # they have moved the clock
            place.move_to(begin)
        _fill(place, options, begin=begin)
    if options.kills:
        kills = Kills(place=place, original=ORIGINAL, begin=begin, rng=random.Random(options.seed), tell=_say)
        result["kills"] = kills.run(options.kills)
        violations += kills.violations
    if options.nights:
        daily = Daily(place=place, original=ORIGINAL, begin=begin, rng=random.Random(options.seed), tell=_say)
        result["nights"] = daily.run(options.nights)
        violations += daily.violations
    return {**result, "violations": len(violations), "details": violations}


def _fill(place: Place, options: argparse.Namespace, *, begin: datetime) -> None:
    """Import the customers, and make the portal one that renews."""
    path = options.directory
    if path is None:
        path = directories.write(
            place.home / "customers",
            number=1,
            rng=random.Random(options.seed),
            today=begin.date(),
            subscriptions=options.customers,
        ).path
    place.copy(embedded.DATABASE, ORIGINAL)
    made = place.python(ORIGINAL, "-m", "bench.daytime", "import", str(path), ",", "here", ",", "credit")
    _say(f"renewals are made here; {made.strip()}")
    with place.asking(ORIGINAL) as asked:
        asked.execute("VACUUM ANALYZE")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def told(result: dict[str, Any]) -> str:
    """Put the result in lines for people."""
    lines = []
    for name, seen in result.get("renewals", {}).items():
        if isinstance(seen, dict):
            lines.append(f"{name}: " + ", ".join(f"{count:,} {what}" for what, count in seen.items()))
    if kills := result.get("kills"):
        steps = ", ".join(f"{count} in {name}" for name, count in sorted(kills["steps"].items()))
        lines.append(f"{kills['kills']} nights killed ({steps}), each with {kills['facts']:,} facts to compare")
    if nights := result.get("nights"):
        done = ", ".join(f"{count:,} {what}" for what, count in nights["done"].items())
        lines.append(f"{nights['nights']} nights: {done}; seconds per act times {nights['growth']}")
    return "\n".join([*lines, *result["details"], f"{result['violations']} violations from seed {result['seed']}"])


def _count(words: str) -> int:
    count = int(words)
    if count < 0:
        raise argparse.ArgumentTypeError("a number that is 0 or more")
    return count


def main(arguments: list[str]) -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="./test nights", description="Nights at size, killed, and in a row.")
    parser.add_argument(
        "directory", nargs="?", type=Path, metavar="DIRECTORY", help="whose customers are imported (made ones)"
    )
    parser.add_argument("--nights", type=_count, default=60, metavar="N", help="nights in a row (60), 0 for none")
    parser.add_argument("--kills", type=_count, default=20, metavar="N", help="nights that are killed (20)")
    parser.add_argument(
        "--renewals", type=_count, default=10_000, metavar="N", help="subscriptions that renew at once (10,000)"
    )
    parser.add_argument(
        "--customers", type=_count, default=CUSTOMERS, metavar="N", help="subscriptions that are made up (1,200)"
    )
    parser.add_argument("--seed", type=int, default=1, help="what the dealing starts from (1)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--begin", type=Path, metavar="DIRECTORY", help="begin as a copy of this data directory, migrated before"
    )
    options = parser.parse_args(arguments)
    if options.directory and not (options.directory / "organisations.csv").is_file():
        parser.error(f"{options.directory} is nothing to import: it has no organisations.csv")
    if options.directory:
        options.directory = options.directory.resolve()
    signal.signal(signal.SIGTERM, _leave)
    started = time.monotonic()
    place = Place(begin=options.begin)
    try:
        result = run(place, options)
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    finally:
        place.close()
    _say(f"{timedelta(seconds=round(time.monotonic() - started))} in all")
    print(json.dumps(result, indent=2) if options.json else told(result))
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
