"""One night of a portal of the bench's: the command in a process of its own, what it did, and for how long."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bench.dated import Place, Tell
from portal import embedded

COMMAND = (str(embedded.ROOT / "manage.py"), "nightly", "--json")
# What counts as an act of a night, and the steps that do them.
ACTS = (
    ("renew", ("renewed", "refused")),
    ("carry_out", ("carried_out", "needs_person")),
    ("clean_up", ("expired", "terminated", "released_numbers")),
    ("remind", ("messages",)),
)

_SECONDS = """
    SELECT p.name, extract(epoch FROM p.finished_at - p.started_at)::float FROM jobs_runpart p
    WHERE p.run_id = (SELECT max(id) FROM jobs_run WHERE kind = 'night') AND p.finished_at IS NOT NULL
"""


@dataclass(kw_only=True)
class Nights:
    """Nights of databases that begin as copies of one. *Shape*: `violations` say what should not have been."""

    place: Place
    original: str
    begin: datetime
    rng: random.Random
    tell: Tell
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Night:
    """What a night did. *Shape*: `answer` is the command's JSON; `seconds` are those of each step."""

    answer: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)
    faults: Sequence[str] = ()

    def count(self, step: str, name: str) -> int:
        """Give a count of a step; 0 where the step did not come to it."""
        return int(self.answer.get(step, {}).get("counts", {}).get(name, 0))

    @property
    def acts(self) -> int:
        """Count what the night did to subscriptions and numbers, and its messages."""
        return sum(self.count(step, name) for step, names in ACTS for name in names)

    @property
    def acting(self) -> float:
        """Give the seconds of the steps that act."""
        return sum(self.seconds.get(step, 0.0) for step, _ in ACTS)

    def told(self) -> str:
        """Put what was done in a line."""
        counted = [f"{self.count(step, name):,} {name}" for step, names in ACTS for name in names]
        return f"{', '.join(counted)}, {self.count('clean_up', 'held'):,} held; {self.acting:.1f} s"


def start(place: Place, database: str, *, is_verifying: bool = True) -> subprocess.Popen[bytes]:
    """Start the night on a database."""
    return place.begin(database, *COMMAND, *(() if is_verifying else ("--no-verify",)), log="nightly")


def run(place: Place, database: str, *, is_verifying: bool = True) -> Night:
    """Let a night run through."""
    status = start(place, database, is_verifying=is_verifying).wait()
    said = place.output("nightly")
    try:
        answer = json.loads(said)
    except ValueError:
        return Night({}, faults=[f"the night ended with {status} without an answer: {place.log('nightly.err')}"])
    with place.asking(database) as asked:
        seconds = dict(asked.execute(_SECONDS).fetchall())
    return Night(answer, seconds, list(_faults(status, answer, said=place.log("nightly.err"))))


def _faults(status: int, answer: dict[str, Any], *, said: str) -> Iterator[str]:
    """Go through what a good night does not say."""
    for name, step in answer.items():
        if step["state"] != "done" or step["why"]:
            yield f"the step {name} of the night: {step['state']}: {step['why']} {said}"
    if status and not any(step["why"] for step in answer.values()):
        yield f"the night ended with {status}: {said}"
