"""The fault bench itself runs, breaks what it says it breaks, and leaves nothing behind."""

import json
import os
import random
import subprocess
import sys
from collections import Counter

from bench import faults, harm
from portal import embedded
from tests.support import migrated

ROUNDS = 1
# Dealt by it, the first is a night that is killed: it has the other faults in it, and is started again.
SEED = 4


def test_a_round_of_the_fault_bench() -> None:
    with migrated.begun() as (place, begin):
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "bench.faults",
                "--rounds",
                str(ROUNDS),
                "--seed",
                str(SEED),
                "--small",
                "--begin",
                str(begin),
                "--json",
            ],
            cwd=embedded.ROOT,
            env={**os.environ, "TMPDIR": str(place)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert list(place.iterdir()) == []
    result = json.loads(ended.stdout)
    assert (result["rounds"], result["violations"], result["details"]) == (ROUNDS, 0, [])
    assert sum(result["faults"].values()) == result["faults"]["kill_night"] == ROUNDS


def test_every_fault_comes_up_as_often_as_any_other() -> None:
    dealt = faults.deal(10 * len(harm.FAULTS), rng=random.Random(1))
    assert set(Counter(dealt).values()) == {10}
    assert set(dealt) == set(harm.FAULTS)
    assert dealt == faults.deal(10 * len(harm.FAULTS), rng=random.Random(1))
