"""A night that is killed at a random moment and started again leaves the same facts as one that ran through."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench import books, facts, nights_run

BASE, THROUGH, KILLED = "killed_base", "killed_through", "killed"
# Each day before the night has its ends asked for; some of them for a day that is over by then.
DAYS, ENDS = 3, 25
TRIES = 5
MOST_SHOWN = 20

STEPS = ("renew", "carry_out", "clean_up", "seal", "remind")
SOON = 120.0
"""Seconds until a step has begun at the latest; the machine may be busy."""

_STATES = """
    SELECT p.name, p.state FROM jobs_runpart p WHERE p.run_id = (SELECT max(id) FROM jobs_run WHERE kind = 'night')
"""


def deal(times: int, *, rng: random.Random) -> list[str]:
    """Deal the steps from one deck after the other, so that each comes up as often as any other."""
    dealt: list[str] = []
    while len(dealt) < times:
        dealt += rng.sample(STEPS, len(STEPS))
    return dealt[:times]


@dataclass(kw_only=True)
class Kills(nights_run.Nights):
    """Nights from copies of one database, one of which runs through.

    *Shape*: `seconds` say how long each step took of that one.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, times: int) -> dict[str, Any]:
        """Kill so many nights, each in a copy of its own; give in which steps, and how many facts each left."""
        self.place.copy(self.original, BASE)
        # People ask on one day; by the night after the next some of these days are over everywhere.
        self.place.python(BASE, "-m", "bench.daytime", "work", str(self.rng.getrandbits(32)), str(ENDS))
        self.place.move_to(self.begin + timedelta(days=DAYS))
        through = self._run_through()
        steps: Counter[str] = Counter()
        for number, step in enumerate(deal(times, rng=self.rng), start=1):
            where, told = self._kill_one(step, through)
            steps[where] += 1
            self.tell(f"kill {number}/{times}: in {where}; {told}")
        for name in (BASE, THROUGH, KILLED):
            self.place.drop(name)
        return {"kills": sum(steps.values()), "steps": dict(steps), "facts": facts.counted(through)}

    def _run_through(self) -> facts.Facts:
        self.place.copy(BASE, THROUGH)
        started = time.monotonic()
        night = nights_run.run(self.place, THROUGH, is_verifying=False)
        seconds = time.monotonic() - started
        self.seconds = night.seconds
        self.tell(f"a night that runs through: {night.told()}, {seconds:.1f} s in all")
        self.violations += [f"the night that ran through: {fault}" for fault in night.faults]
        with self.place.asking(THROUGH) as asked:
            return facts.of(asked)

    def _kill_one(self, step: str, through: facts.Facts) -> tuple[str, str]:
        """Kill a night at a random moment of a step, or of what follows; start it again, and compare."""
        for _ in range(TRIES):
            self.place.copy(BASE, KILLED)
            child = nights_run.start(self.place, KILLED, is_verifying=False)
            if not self._was_killed(child, step):
                continue  # it was quicker than we
            with self.place.asking(KILLED) as asked:
                states = dict(asked.execute(_STATES).fetchall())
            where = next((name for name, state in states.items() if state == "running"), "between steps")
            night = nights_run.run(self.place, KILLED)
            faults = [*night.faults]
            with self.place.asking(KILLED) as asked:
                faults += books.faults(asked)
                faults += facts.differences(facts.of(asked), through)
            self.violations += [f"killed in {where}, started again: {fault}" for fault in faults[:MOST_SHOWN]]
            return where, f"{night.acts:,} acts were left to the second; {len(faults)} violations"
        self.violations.append(f"the bench: the night was always through with {step} before it could be killed")
        return "nothing", "the night was quicker"

    def _was_killed(self, child: subprocess.Popen[bytes], step: str) -> bool:
        until = time.monotonic() + SOON
        with self.place.asking(KILLED) as asked:
            while time.monotonic() < until and child.poll() is None:
                if dict(asked.execute(_STATES).fetchall()).get(step, "waiting") != "waiting":
                    break
                time.sleep(0.01)
        # On a busy machine it takes longer than before.
        time.sleep(self.rng.uniform(0, 1.2) * self.seconds.get(step, 0))
        is_ended = child.poll() is not None
        child.kill()
        child.wait()
        return not is_ended
