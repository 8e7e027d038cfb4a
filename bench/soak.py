"""Writers and a reader by position at once, for minutes: nothing missed, nothing twice, nothing out of order.

    python -m bench.soak [--seconds N] [--writers N]      (./test soak ...)

Writers leave events in transactions of all lengths and take some back; a reader goes on from position to position;
others number beside it. A line a minute goes to standard error. Exit status 1 when something was wrong. It brings a
database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from bench import world

SAY_EVERY = 60.0


@dataclass
class Result:
    """What came of it. *Shape*: `faults` are sentences, none of them where all is well."""

    written: int = 0
    taken_back: int = 0
    read: int = 0
    reads: int = 0
    faults: list[str] = field(default_factory=list)


class _TakenBack(Exception):
    """End a transaction without what it wrote."""


class _Soak:
    """Hold what its threads share."""

    def __init__(self, seed: int, *, after: int) -> None:
        self.seed = seed
        self.after = after
        self.stop = threading.Event()
        self.is_written = threading.Event()
        self.written: list[str] = []
        self.taken_back: list[str] = []
        self.read: list[str] = []
        self.reads = 0
        self.faults: list[str] = []

    def write(self, number: int) -> None:
        """Leave events until told to stop: mostly one at a time, now and then very many."""
        from portal import frame

        rng = random.Random(self.seed * 1000 + number)
        done = 0
        while not self.stop.is_set():
            many = 400 if rng.random() < 0.02 else rng.randint(1, 3)
            names = [f"{number}:{done + one}" for one in range(many)]
            done += many
            try:
                with frame.operation("soak"):
                    self._tell(names)
                    # Whoever was given a lower key may well commit later.
                    time.sleep(rng.choice((0, 0, 0.001, 0.01, 0.05)))
                    if rng.random() < 0.1:
                        raise _TakenBack
            except _TakenBack:
                self.taken_back += names
            else:
                self.written += names

    @staticmethod
    def _tell(names: list[str]) -> None:
        from portal.audit import writer

        told = {
            "at": datetime.now(UTC),
            "app": "Portal",
            "event": "Soak",
            "actor": "bench",
            "organisation_name": "",
            "kind": "record.added",
            "schema": 1,
            "subject_kind": "",
            "data": {},
        }
        writer.EVENTS.write({**told, "description": name} for name in names)

    def follow(self) -> None:
        """Read from position to position, to the end."""
        from portal.audit import numbering

        rng = random.Random(self.seed)
        last = self.after
        while True:
            is_over = self.is_written.is_set()
            found = numbering.events_after(last, limit=rng.randint(1, 300), at=datetime.now(UTC))
            self.reads += 1
            for one in found:
                if one.position != last + 1:
                    self.faults.append(f"after position {last} came {one.position}")
                last = one.position
                self.read.append(one.event.description)
            if is_over and not found:
                return

    def number(self) -> None:
        """Number beside the reader, as the night does."""
        from portal.audit import numbering

        while not self.stop.wait(0.02):
            numbering.number_events(at=datetime.now(UTC), batch_size=50)

    def result(self) -> Result:
        """Compare what was read with what was committed."""
        faults = list(self.faults)
        written, read = Counter(self.written), Counter(self.read)
        faults += [f"missed: {name}" for name in (written - read)]
        faults += [f"read twice: {name}" for name, times in read.items() if times > 1]
        faults += [f"read, but never committed: {name}" for name in read.keys() - written.keys()]
        return Result(len(self.written), len(self.taken_back), len(self.read), self.reads, faults)


def run(*, writers: int, seconds: float, seed: int = 1, tell: Callable[[str], None] = lambda line: None) -> Result:
    """Run it on the database that Django is connected to; what is there already is passed over."""
    soak = _Soak(seed, after=_last_position())
    writing = [_thread(soak, partial(soak.write, number)) for number in range(writers)]
    others = [_thread(soak, soak.follow), _thread(soak, soak.number)]
    for thread in (*writing, *others):
        thread.start()
    started = time.monotonic()
    while (left := started + seconds - time.monotonic()) > 0:
        time.sleep(min(left, SAY_EVERY))
        tell(f"{time.monotonic() - started:4.0f} s: {len(soak.written):,} events written, {len(soak.read):,} read")
    soak.stop.set()
    for thread in writing:
        thread.join()
    soak.is_written.set()
    for thread in others:
        thread.join()
    return soak.result()


def _last_position() -> int:
    from django.db.models import Max

    from portal.audit import numbering
    from portal.audit.models import Position

    numbering.number_events(at=datetime.now(UTC))
    return Position.objects.aggregate(last=Max("position"))["last"] or 0


def _thread(soak: _Soak, play: Callable[[], None]) -> threading.Thread:
    from django.db import connection

    def live() -> None:
        try:
            play()
        except Exception as error:  # noqa: BLE001 - whatever it is, it has to be told
            soak.faults.append(f"{threading.current_thread().name}: {type(error).__name__}: {error}")
        finally:
            connection.close()

    return threading.Thread(target=live, daemon=True)


def main(arguments: list[str]) -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="./test soak", description="Write and read events at once.")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long (300)")
    parser.add_argument("--writers", type=int, default=8, help="how many write (8)")
    parser.add_argument("--seed", type=int, default=1, help="what the writers' lots start from (1)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    place = world.World(rows=0, turns=1)
    place.start()
    with place.database("bench_soak") as url:
        place.command("migrate", "--verbosity", "0", url=url)
        os.environ["DATABASE_URL"] = url
        import django
        from django.db import connections

        django.setup()
        try:
            result = run(writers=options.writers, seconds=options.seconds, seed=options.seed, tell=world.say)
        finally:
            connections.close_all()
    if options.json:
        print(json.dumps(vars(result), indent=2))
    else:
        print(
            f"{result.written:,} events of {options.writers} writers, {result.taken_back:,} taken back; "
            f"{result.read:,} read in {result.reads:,} reads: {len(result.faults)} faults"
        )
        for fault in result.faults[:20]:
            print(f"    {fault}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
