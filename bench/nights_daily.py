"""Nights in a row, one a day, people at work between them: after each the books are right, and none gets slower."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench import books, nights_run

DATABASE = "daily"
ENDS_A_DAY = 8
WINDOW = 10
MOST_GROWTH = 1.2
MOST_SHOWN = 20


@dataclass(kw_only=True)
class Daily(nights_run.Nights):
    """The nights of one database. *Shape*: `worked` counts what people did between them."""

    worked: Counter[str] = field(default_factory=Counter)

    def run(self, times: int) -> dict[str, Any]:
        """Let so many days pass; give what was done in them."""
        self.place.copy(self.original, DATABASE)
        nights = [self._day(number, of=times) for number in range(1, times + 1)]
        self.place.drop(DATABASE)
        growth = grown(nights)
        if growth is not None and growth > MOST_GROWTH:
            self.violations.append(
                f"the last nights took {growth:.2f} times the seconds per act of the first, at most {MOST_GROWTH}"
            )
        done = {
            name: sum(night.count(step, name) for night in nights)
            for step, names in nights_run.ACTS
            for name in names
        }
        return {
            "nights": len(nights),
            "worked": dict(self.worked),
            "done": done,
            "growth": growth and round(growth, 3),
            "seconds": [{name: round(value, 2) for name, value in night.seconds.items()} for night in nights],
            "acts": [night.acts for night in nights],
        }

    def _day(self, number: int, *, of: int) -> nights_run.Night:
        self.place.move_to(self.begin + timedelta(days=number))
        seed = str(self.rng.getrandbits(32))
        self.worked.update(
            json.loads(self.place.python(DATABASE, "-m", "bench.daytime", "work", seed, str(ENDS_A_DAY)))
        )
        started = time.monotonic()
        night = nights_run.run(self.place, DATABASE)
        seconds = time.monotonic() - started
        with self.place.asking(DATABASE) as asked:
            found = [*night.faults, *books.faults(asked)]
        self.violations += [f"night {number}: {fault}" for fault in found[:MOST_SHOWN]]
        self.tell(
            f"night {number}/{of}: {night.told()}, verified in {night.seconds.get('verify', 0):.1f} s, "
            f"{seconds:.1f} s in all, load {os.getloadavg()[0]:.1f}; {len(found)} violations"
        )
        return night


def grown(nights: Sequence[nights_run.Night]) -> float | None:
    """Give the seconds per act of the last nights, times those of the first; None where there are too few.

    The very first one is left out: it catches up with everything that was due. Steps are compared each with itself,
    so that a night with more scheduled ends and fewer renewals is none that got slower: the last nights, at what
    their acts took in the first.
    """
    window = min(WINDOW, (len(nights) - 1) // 2)
    if window < 1:
        return None
    first, last = nights[1 : window + 1], nights[-window:]
    took = would_take = 0.0
    for step, names in nights_run.ACTS:
        acts, seconds = _sums(first, step, names)
        last_acts, last_seconds = _sums(last, step, names)
        if acts and last_acts:
            took += last_seconds
            would_take += last_acts * seconds / acts
    return took / would_take if would_take else None


def _sums(nights: Sequence[nights_run.Night], step: str, names: Sequence[str]) -> tuple[int, float]:
    acts = sum(night.count(step, name) for night in nights for name in names)
    return acts, sum(night.seconds.get(step, 0.0) for night in nights)
