"""Each subject of `./test bench` runs on a tiny database and gives every figure it names.

One subject of `./test compare` does, with TEST_FULL=1 each.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import compare, perf
from portal import embedded
from tests.support import migrated


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Hold one database for all subjects, on a server whose own database is migrated: others begin as it is."""
    # Not pytest's own directory, which the database's user may not enter.
    with tempfile.TemporaryDirectory(prefix="portal-smoke-") as place:
        bench = Path(place, "bench")
        bench.mkdir()
        for directory in (Path(place), bench):
            directory.chmod(0o755)
        migrated.fill(bench)
        yield Path(place)


def _environment(home: Path) -> dict[str, str]:
    # Two web processes would each make ready what one does, and nobody is here to be served by the other.
    return {**os.environ, "PORTAL_DATA": str(home), "TMPDIR": str(home), "WEB_CONCURRENCY": "1"}


def test_each_subject_measures_what_it_names(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bench.perf", "--rows", "200", "--turns", "1", "--json"],
        cwd=embedded.ROOT,
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(ended.stdout)
    assert list(found) == [figure.name for subject in perf.SUBJECTS.values() for figure in subject.FIGURES]
    assert all(value > 0 for value in found.values())


def test_this_checkout_is_compared_with_another_one(home: Path) -> None:
    subjects = list(compare.SUBJECTS) if os.environ.get("TEST_FULL") == "1" else ["cleanup"]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.compare", embedded.ROOT, *subjects, "--rows", "100", "--turns", "1"],
        cwd=embedded.ROOT,
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = ended.stdout.splitlines()
    assert [line.split()[0] for line in lines] == subjects, ended.stdout + ended.stderr
    ratios = [float(line.split()[-1]) for line in lines]
    assert all(ratio > 0 for ratio in ratios)
    assert ended.returncode == int(min(ratios) < 0.9)
