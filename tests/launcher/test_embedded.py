"""The embedded database, with real processes, real signals and a data directory of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import embedded
from portal.launcher import cluster, places
from tests.support.places import Place, eventually


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    # Not tmp_path, which only root may enter when root runs the tests; that case has a test of its own.
    data = Path(tempfile.mkdtemp(prefix="portal-launcher-"))
    here = Place(data)
    yield here
    for user in here.users:
        user.kill()
    assert eventually(lambda: not here.processes())
    shutil.rmtree(data)


@pytest.fixture(autouse=True)
def nothing_stays(place: Place) -> Iterator[None]:
    yield
    for user in place.users:
        user.kill()
    assert eventually(lambda: not place.processes()), "a server or a supervisor was left behind"


def test_two_first_users_at_once_share_one_server(place: Place) -> None:
    users = [place.user() for _ in range(4)]
    assert len({user.url() for user in users}) == 1
    assert [user.add("first") for user in users] == [1, 2, 3, 4]
    assert len([pid for pid in place.processes() if pid == place.postmaster()]) == 1
    for user in users[1:]:
        user.leave()
    assert users[0].add("still there") == 5


def test_a_killed_user_harms_nobody(place: Place) -> None:
    first, second = place.user(), place.user()
    first.url(), second.url()
    count = second.add("before")
    first.kill()
    time.sleep(0.5)
    assert second.add("after") == count + 1


def test_the_last_user_stops_the_server_however_it_ends(place: Place) -> None:
    user = place.user()
    user.url()
    assert place.processes()
    user.kill()
    assert eventually(lambda: not place.processes())


def test_a_command_hands_the_lock_to_what_it_becomes(place: Place) -> None:
    # The shell's child outlives the shell: it holds the inherited lock, so the server stays for it.
    keeper = place.run("sh", "-c", "sleep 2 >/dev/null 2>&1 & echo $!")
    assert keeper.returncode == 0
    time.sleep(0.6)
    assert place.processes()
    os.kill(int(keeper.stdout), signal.SIGKILL)
    assert eventually(lambda: not place.processes())


def test_a_killed_postmaster_comes_back_for_those_who_use_it(place: Place) -> None:
    user = place.user()
    user.url()
    count = user.add("before")
    killed = place.postmaster()
    os.kill(killed, signal.SIGKILL)
    assert place.run("true").returncode == 0
    assert place.postmaster() != killed
    assert user.add("after") == count + 1


def test_a_killed_supervisor_takes_its_server_along_and_the_next_user_starts_another(place: Place) -> None:
    user = place.user()
    user.url()
    count = user.add("before")
    os.kill(place.supervisor(), signal.SIGKILL)
    assert place.run("true").returncode == 0
    assert user.add("after") == count + 1


def test_supervisor_and_postmaster_killed_together_leave_nothing_in_the_way(place: Place) -> None:
    user = place.user()
    user.url()
    count = user.add("before")
    supervisor, postmaster = place.supervisor(), place.postmaster()
    os.kill(supervisor, signal.SIGKILL)
    os.kill(postmaster, signal.SIGKILL)
    assert place.run("true").returncode == 0
    assert user.add("after") == count + 1


def test_a_process_that_has_the_number_of_a_dead_server_is_no_hindrance(place: Place) -> None:
    assert place.run("true").returncode == 0
    assert eventually(lambda: not place.processes())
    owner = place.cluster().stat()
    is_root = os.getuid() == 0
    stranger = subprocess.Popen(
        ["sleep", "30"], user=owner.st_uid if is_root else None, group=owner.st_gid if is_root else None
    )
    try:
        pid_file = place.cluster() / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{place.cluster()}\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        assert place.run("true").returncode == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_another_version_is_answered_with_a_sentence(place: Place) -> None:
    assert place.run("true").returncode == 0
    assert eventually(lambda: not place.processes())
    version = place.cluster() / "PG_VERSION"
    kept = version.read_text()
    version.write_text("12\n")
    try:
        answer = place.run("true")
    finally:
        version.write_text(kept)
    assert answer.returncode == 1
    assert "was made by PostgreSQL 12" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_the_owner_is_no_superuser_and_the_text_is_utf8(place: Place) -> None:
    user = place.user()
    with psycopg.connect(user.url()) as connection:
        assert connection.execute(
            "SELECT current_user, rolsuper, rolcreatedb, current_setting('server_encoding'), "
            "current_setting('listen_addresses') FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == ("portal", False, True, "UTF8", "")


def test_a_given_address_starts_nothing(place: Place) -> None:
    user = place.user(DATABASE_URL="postgresql://elsewhere/", PORTAL_EMBEDDED_URL="unused")
    assert user.url() == "unused"
    assert not place.processes()


@pytest.mark.parametrize("name", ["with space, and comma", "long-" + "x" * 110])
def test_awkward_directories_work(name: str) -> None:
    above = Path(tempfile.mkdtemp(prefix="portal-launcher-"))
    place = Place(above / name)
    try:
        # mkdtemp leaves the directory above closed to others: as root this is also the case in which the
        # server's user may not pass and the files go elsewhere.
        user = place.user()
        assert re.match(r"postgresql://portal:[\w-]{60,}@/portal\?host=/", user.url())
        assert user.add("here") == 1
        user.leave()
        assert eventually(lambda: not place.processes())
    finally:
        elsewhere = place.cluster().parent
        for directory in {above, elsewhere}:
            shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(places.socket_directory(elsewhere), ignore_errors=True)


def test_the_key_is_made_once() -> None:
    data = Path(tempfile.mkdtemp(prefix="portal-launcher-"))
    try:
        program = "from portal import embedded; print(embedded.secret_key())"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                stdout=subprocess.PIPE,
                text=True,
                cwd=embedded.ROOT,
                env=Place(data).environment(),
            )
            for _ in range(4)
        ]
        keys = {process.communicate(timeout=20)[0].strip() for process in processes}
        assert len(keys) == 1
        assert len(keys.pop()) > 50
        assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
        assert [path.name for path in data.iterdir()] == ["secret_key"]
    finally:
        shutil.rmtree(data)


@pytest.mark.parametrize(
    ("limit", "megabytes"),
    [("1073741824\n", 1024), ("max\n", None), (None, None)],
    ids=["limited", "not limited", "elsewhere"],
)
def test_memory_is_what_a_container_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, megabytes: int | None
) -> None:
    monkeypatch.setattr(cluster, "CONTAINER_LIMIT", tmp_path / "memory.max")
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2
    assert cluster.memory() == min(machine, megabytes or machine)


@pytest.mark.parametrize(
    ("memory", "megabytes_of_files", "buffers"),
    [
        (16_000, 1, 512),
        (16_000, 400, 800),
        (16_000, 9_000, 4_000),
        (64_000, 9_000, 8_192),
        (1_024, 400, 256),
        (64, 1, 64),
    ],
)
def test_buffers_are_for_twice_the_database_within_a_quarter_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int, megabytes_of_files: int, buffers: int
) -> None:
    monkeypatch.setattr(cluster, "memory", lambda: memory)
    server = places.Server(data="", base=str(tmp_path), sockets="", binaries="", uid=0, gid=0)
    for database in ("1", "5"):
        (server.cluster / "base" / database).mkdir(parents=True)
        with (server.cluster / "base" / database / "16384").open("wb") as file:
            file.truncate(megabytes_of_files * 1024**2 // 2)
    assert cluster.buffers(server) == buffers


def test_looking_whether_a_user_may_enter_loads_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The library of a moved clock, as any other; a shell would say that there is no such one.
    monkeypatch.setenv("LD_PRELOAD", "/nothing.so")
    assert places.can_enter(Path("/"), (os.getuid(), os.getgid()))
    assert capfd.readouterr().err == ""
