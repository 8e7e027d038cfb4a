"""The fault bench: the real server under load, one fault a round, and then a look at what is there.

    python -m bench.faults [--rounds N] [--seed S] [--json]      (./test faults ...)

A line a round goes to standard error. With --json, the result goes to standard output. Exit status 1 when something
was half, double, lost or untrue.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from bench import checks
from bench.harm import FAULTS, Harm
from bench.house import House
from bench.rounds import new_directory


def deal(rounds: int, *, rng: random.Random) -> list[str]:
    """Deal the kinds from one deck after the other, so that each comes up as often as any other."""
    dealt: list[str] = []
    while len(dealt) < rounds:
        dealt += rng.sample(list(FAULTS), len(FAULTS))
    return dealt[:rounds]


def run(*, rounds: int, seed: int, house: House) -> dict[str, Any]:
    """Run the bench and give its result."""
    rng = random.Random(seed)
    kinds: Counter[str] = Counter()
    details: list[dict[str, object]] = []
    forms: Counter[tuple[str, str]] = Counter()
    ledger = checks.Ledger()
    for number, kind in enumerate(deal(rounds, rng=rng), start=1):
        started = time.monotonic()
        played = Harm(house, kind, random.Random(rng.getrandbits(64)), ledger)
        played.play()
        kinds[kind] += 1
        details += [{"round": number, "fault": kind, "violation": words} for words in played.violations]
        outcomes = Counter(sent.outcome for sent in played.diary.sent)
        forms.update((sent.called, sent.outcome) for sent in played.diary.sent)
        answers = f"{outcomes['done']} done, {outcomes['refused']} refused, {outcomes['lost']} without an answer"
        _say(
            f"round {number}/{rounds}: {kind}{played.note}; {answers}; {len(played.violations)} violations; "
            f"{time.monotonic() - started:.1f} s"
        )
        for words in played.violations[:10]:
            _say(f"    {words}")
        if not house.is_serving():
            break
    return {
        "rounds": sum(kinds.values()),
        "seed": seed,
        "faults": {kind: kinds[kind] for kind in FAULTS},
        "forms": {
            kind: {outcome: count for (of, outcome), count in sorted(forms.items()) if of == kind}
            for kind in sorted({kind for kind, _ in forms})
        },
        "violations": len(details),
        "details": details,
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="./test faults", description="Break things under load, and look.")
    parser.add_argument("--rounds", type=int, default=20, help="how many rounds, one fault each (20)")
    parser.add_argument("--seed", type=int, default=1, help="what the dealing starts from (1)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--small", action="store_true", help="start from a small import instead of the demo")
    parser.add_argument(
        "--begin", type=Path, metavar="DIRECTORY", help="begin as a copy of this data directory, migrated before"
    )
    parser.add_argument("--logs", type=Path, metavar="DIRECTORY", help="keep what server and commands wrote there")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds is 1 or more")
    if options.begin and not (options.begin / "postgres").is_dir():
        parser.error(f"{options.begin} is no data directory: it has no folder “postgres”")
    signal.signal(signal.SIGTERM, _leave)
    house = House(begin=options.begin)
    try:
        small = new_directory(house, rng=random.Random(options.seed)).path if options.small else None
        house.open(_say, first=small)
        result = run(rounds=options.rounds, seed=options.seed, house=house)
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    finally:
        house.close(keep_logs=options.logs)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        counted = ", ".join(f"{kind} {count}" for kind, count in result["faults"].items())
        print(f"{result['rounds']} rounds from seed {options.seed} ({counted}): {result['violations']} violations")
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
