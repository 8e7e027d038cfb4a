"""The role that works in a data directory of an earlier version, and one whose password is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import embedded
from portal.launcher import places
from portal.launcher.binaries import binaries_for
from tests.launcher.roles import ask
from tests.support import migrated, superuser
from tests.support.commands import run_each
from tests.support.places import Place, eventually


@pytest.fixture(scope="module")
def made() -> Iterator[Place]:
    """A data directory as the portal of November 2026 made it, in which somebody has kept a word."""
    data = Path(tempfile.mkdtemp(prefix="portal-made-"))
    cluster = data / "postgres"
    user = places.server_user(data)
    data.chmod(0o755)
    binaries = binaries_for(data, cluster, user)
    cluster.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(cluster, *user)
    options = ("-U", "postgres", "-E", "UTF8", "--auth=trust", "--locale-provider=builtin", "--locale=C.UTF-8")
    steps: tuple[tuple[list[str | Path], str], ...] = (
        ([binaries / "initdb", "-D", cluster, "--no-sync", *options], ""),
        (
            [binaries / "postgres", "--single", "-j", "-D", cluster, "template1"],
            "CREATE ROLE portal LOGIN CREATEDB;\n\nCREATE DATABASE portal OWNER portal;\n\n",
        ),
        (
            [binaries / "postgres", "--single", "-j", "-D", cluster, "portal"],
            "SET ROLE portal;\n\nCREATE TABLE public.seen (word text);\n\n"
            "INSERT INTO public.seen VALUES ('kept');\n\n",
        ),
    )
    for command, words in steps:
        done = subprocess.run(
            command, input=words, capture_output=True, text=True, cwd="/", check=True, **places.as_user(user)
        )
        assert "ERROR" not in done.stdout + done.stderr, done
    yield Place(data)
    shutil.rmtree(data)


@pytest.fixture(scope="module")
def taken_over(made: Place) -> Iterator[Place]:
    """The same after this version has used it, and has ended."""
    with copy_of(made) as here:
        user = here.user()
        user.url()
        user.leave()
        assert eventually(lambda: not here.processes())
        yield here


@pytest.fixture
def earlier(made: Place) -> Iterator[Place]:
    with copy_of(made) as here:
        yield here


@contextlib.contextmanager
def copy_of(place: Place) -> Iterator[Place]:
    """Copy a data directory that nobody uses, with its password if it has one, for a test that changes it."""
    data = Path(tempfile.mkdtemp(prefix="portal-earlier-"))
    data.chmod(0o755)
    subprocess.run(["cp", "-pR", place.data / "postgres", *place.data.glob("owner_password"), data], check=True)
    here = Place(data)
    yield here
    for one in here.users:
        one.kill()
    assert eventually(lambda: not here.processes())
    shutil.rmtree(data)


def test_a_data_directory_of_an_earlier_version_is_taken_over(earlier: Place) -> None:
    user = earlier.user()
    url = user.url()
    assert ask(url, "SELECT current_user, word FROM seen") == [("portal", "kept")]
    assert user.add("new") == 2
    for role in ("postgres", "portal"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(embedded.runtime_url(earlier.data), user=role)
    # What is migrated is what the role that works may use.
    migrated.restore(embedded.owner_url(earlier.data), place=earlier)
    brought_up, verified = run_each(earlier, [["migrate", "--verbosity", "0"], ["verify_ledger"]])
    assert (brought_up.returncode, brought_up.stderr) == (0, "")
    assert verified.stdout == "0 organisations, 0 ledger entries. Everything agrees.\n"
    assert ask(embedded.runtime_url(earlier.data), "SELECT word FROM seen ORDER BY 1") == [("kept",), ("new",)]


@pytest.mark.parametrize("left", [None, b"", b"\xff", b"'; DROP ROLE portal; --"])
def test_a_lost_or_damaged_password_is_made_again_by_the_next_start(taken_over: Place, left: bytes | None) -> None:
    with copy_of(taken_over) as here:
        kept = embedded.owner_url(here.data)
        file = here.data / "owner_password"
        file.unlink() if left is None else file.write_bytes(left)
        again = here.user()
        assert again.url() != kept
        assert again.add("new") == 2


def test_a_server_of_an_earlier_version_that_still_runs_is_told(earlier: Place) -> None:
    user = earlier.user()
    user.url()
    with superuser.connect(data=earlier.data) as other:
        other.execute("DROP ROLE portal_runtime")
    answer = earlier.run("true")
    assert answer.returncode == 1
    assert answer.stderr == (
        "The embedded database is in use by an earlier version of the portal: end that first.\n"
    )
