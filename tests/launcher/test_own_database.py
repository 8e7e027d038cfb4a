"""Commands on a database of one's own: nothing migrates it unasked, and what only reads works on a replica."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from portal import embedded
from portal.launcher import places
from portal.launcher.binaries import binaries_for
from portal.launcher.cluster import WHO_MAY_LOG_IN
from tests.support import superuser
from tests.support.places import Place, eventually, free_port, run

EMPTY = "The database is empty, and nothing was done: ./run migrate sets it up."
# Words, and how they begin what they say of a database that can only be read.
READING = [("verify_ledger",), ("quote_refund", "-"), ("terminate_expired", "--dry-run")]
WRITING = [
    ("create_staff", "mara", "--role", "agent", "--password-stdin"),
    ("terminate_expired",),
    ("import_data", "/"),
    ("import_data", "/", "--dry-run"),
    (),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server that stands for one of one's own."""
    place = Place(Path(tempfile.mkdtemp(prefix="portal-own-")))
    user = place.user()
    yield user.url()
    user.leave()
    assert eventually(lambda: not place.processes())
    shutil.rmtree(place.data)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Where the portal keeps what is not in the database."""
    data = Path(tempfile.mkdtemp(prefix="portal-own-data-"))
    yield Place(data)
    shutil.rmtree(data)


def made(server: str, name: str) -> str:
    """Make a database and give its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return server.replace("/portal?", f"/{name}?")


@pytest.fixture(scope="module")
def empty(server: str) -> str:
    return made(server, "empty")


@dataclass(frozen=True)
class Migrated:
    """A database that two commands have set up at once, and what each ended with and said."""

    address: str
    statuses: list[int]
    said: list[tuple[str, str]]


@pytest.fixture(scope="module")
def migrated(server: str, place: Place) -> Migrated:
    address = made(server, "ready")
    both = [
        subprocess.Popen(
            [embedded.ROOT / "run", "migrate", "--verbosity", "0"],
            env=place.environment(DATABASE_URL=address),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]
    return Migrated(address, [process.returncode for process in both], said)


@pytest.fixture(scope="module")
def ready(migrated: Migrated, place: Place) -> str:
    """A database with the demo's customers, made as its owner would."""
    answer = run(place, "demo", "--force", DATABASE_URL=migrated.address)
    assert answer.returncode == 0, answer.stderr
    with psycopg.connect(migrated.address) as connection:
        connection.execute("UPDATE auth_user SET password = '!'")
    return migrated.address


def facts(address: str) -> dict[str, int]:
    """Give the tables there are, and how many rows each has."""
    with psycopg.connect(address) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            name: count for (name,) in tables for (count,) in connection.execute(f"SELECT count(*) FROM {name}")
        }


def refused(answer: subprocess.CompletedProcess[str]) -> str:
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr.strip()


@pytest.mark.parametrize("words", [*READING, *WRITING[:-1]], ids=" ".join)
def test_no_command_sets_up_an_empty_one(place: Place, empty: str, words: tuple[str, ...]) -> None:
    assert refused(run(place, *words, DATABASE_URL=empty)) == EMPTY
    assert facts(empty) == {}


def test_one_with_tables_of_something_else_is_left_alone_by_the_server(place: Place, server: str) -> None:
    address = made(server, "theirs")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE something (id int)")
    said = refused(run(place, DATABASE_URL=address, PORT=free_port()))
    assert said.startswith("The database is behind this version of the portal, and nothing was done: ")
    assert facts(address) == {"something": 0}


def test_two_that_migrate_at_once_are_both_right(migrated: Migrated) -> None:
    assert migrated.statuses == [0, 0], migrated.said
    assert migrated.said == [("", ""), ("", "")]


@pytest.fixture
def behind(ready: str) -> Iterator[str]:
    """The ready one, as an earlier version would have left it."""
    with psycopg.connect(ready, autocommit=True) as connection:
        forgotten = connection.execute(
            "DELETE FROM django_migrations "
            "WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'invoicing') "
            "RETURNING app, name, applied"
        ).fetchone()
        yield ready
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", forgotten)


@pytest.mark.parametrize("words", [*READING, *WRITING], ids=" ".join)
def test_one_that_is_behind_is_migrated_by_nothing_else(place: Place, behind: str, words: tuple[str, ...]) -> None:
    before = facts(behind)
    said = refused(run(place, *words, DATABASE_URL=behind, PORT=free_port()))
    assert said.startswith(
        "The database is behind this version of the portal, and nothing was done: 1 migration is "
    )
    assert said.endswith("./run migrate.")
    assert facts(behind) == before


def test_what_tells_which_migrations_are_missing_does(place: Place, behind: str) -> None:
    answer = run(place, "showmigrations", "invoicing", DATABASE_URL=behind)
    assert answer.returncode == 0
    assert "[ ]" in answer.stdout


@pytest.fixture(scope="module")
def fresh() -> Iterator[Place]:
    """A place for an embedded database, which the first command makes and none is to fill."""
    here = Place(Path(tempfile.mkdtemp(prefix="portal-read-")))
    yield here
    assert eventually(lambda: not here.processes())
    shutil.rmtree(here.data)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_commands_do_not_migrate_an_embedded_one_either(fresh: Place, words: tuple[str, ...]) -> None:
    assert refused(run(fresh, *words)) == EMPTY


@pytest.fixture(scope="module")
def replica(ready: str, server: str) -> Iterator[str]:
    """A real standby: the server's files of a moment, with the signal to stay in recovery."""
    own = Path(str(psycopg.conninfo.conninfo_to_dict(ready)["host"])).parent
    data = Path(tempfile.mkdtemp(prefix="portal-replica-"))
    data.chmod(0o755)
    copied = data / "postgres"
    copied.mkdir(mode=0o700)
    owner = places.server_user(own)
    os.chown(copied, *owner)
    binaries = binaries_for(data, own / "postgres", owner)
    with superuser.let_in(own):
        subprocess.run(
            [binaries / "pg_basebackup", "-h", own / "socket", "-U", "postgres", "-D", copied, "-c", "fast"],
            check=True,
            **places.as_user(owner),
        )
    # A standby takes the roles of its server as they are.
    (copied / "pg_hba.conf").write_text(WHO_MAY_LOG_IN)
    shutil.copy(own / "owner_password", data)
    (copied / "standby.signal").touch()
    os.chown(copied / "standby.signal", *owner)
    place = Place(data)
    user = place.user()
    yield user.url().replace("/portal?", "/ready?")
    user.leave()
    assert eventually(lambda: not place.processes())
    shutil.rmtree(data)


def test_on_a_replica_the_ledger_is_verified(place: Place, replica: str) -> None:
    answer = run(place, "verify_ledger", "--json", DATABASE_URL=replica)
    told = json.loads(answer.stdout)
    assert (answer.returncode, told["faults"], answer.stderr) == (0, [], "")
    assert told["organisations"] == 300


def test_on_a_replica_refunds_are_quoted(place: Place, replica: str) -> None:
    with psycopg.connect(replica) as connection:
        found = connection.execute("SELECT uuid FROM subscriptions_subscription ORDER BY id LIMIT 20").fetchall()
    answer = run(place, "quote_refund", *(str(uuid) for (uuid,) in found), "--json", DATABASE_URL=replica)
    assert (answer.returncode, answer.stderr) == (0, "")
    quoted = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [one["subscription"] for one in quoted] == [str(uuid) for (uuid,) in found]
    assert any(one["lines"] for one in quoted)


def test_on_a_replica_a_night_is_looked_at(place: Place, replica: str) -> None:
    report = place.data / "report.csv"
    answer = run(place, "terminate_expired", "--dry-run", "--json", "--report", str(report), DATABASE_URL=replica)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["dry_run"] is True
    assert len(report.read_text().splitlines()) == 1 + told["terminated"] + told["held"]
    night = run(place, "nightly", "--dry-run", "--json", DATABASE_URL=replica)
    assert night.returncode == 0, night.stderr
    assert json.loads(night.stdout)["clean_up"]["counts"]["terminated"] == told["terminated"]


@pytest.mark.parametrize("words", [*WRITING, ("migrate",)], ids=" ".join)
def test_on_a_replica_all_else_says_why_not(place: Place, replica: str, words: tuple[str, ...]) -> None:
    said = refused(run(place, *words, DATABASE_URL=replica, PORT=free_port()))
    assert said.startswith("This database can only be read (it is a replica, ")


def test_what_finds_out_on_the_way_says_it_too(place: Place, ready: str) -> None:
    """The check comes first; a database may change its mind behind it."""
    answer = run(
        place,
        *("shell", "--no-imports", "-c"),
        "from django.db import connection as c; k = c.cursor(); "
        "k.execute('SET default_transaction_read_only = on'); "
        "k.execute('DELETE FROM django_session')",
        DATABASE_URL=ready,
    )
    assert refused(answer).startswith("This database can only be read")
