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
from typing import LiteralString

import psycopg
import pytest

from portal import embedded
from portal.launcher import places
from portal.launcher.binaries import binaries_for
from portal.launcher.cluster import WHO_MAY_LOG_IN
from tests.support import migrated, one_customer, superuser
from tests.support.commands import Answer, run_each
from tests.support.places import Place, eventually, free_port, run

EXPIRED = "0b0e7f0a-5f5b-4d0e-9a53-1d7a3f0f2a03"
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
    """The address of a server that stands for one of one's own; its database `portal` has its tables."""
    with migrated.place("own") as place:
        user = place.user()
        yield user.url()
        user.leave()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Where the portal keeps what is not in the database."""
    data = Path(tempfile.mkdtemp(prefix="portal-own-data-"))
    yield Place(data)
    shutil.rmtree(data)


def made(server: str, name: str, *, of: LiteralString = "template0") -> str:
    """Make a database and give its address."""
    with psycopg.connect(server.replace("/portal?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
    return server.replace("/portal?", f"/{name}?")


@pytest.fixture(scope="module")
def empty(server: str) -> str:
    return made(server, "empty")


@dataclass(frozen=True)
class Migrated:
    """A database that two commands have brought up to date at once, and what each ended with and said."""

    address: str
    statuses: list[int]
    said: list[tuple[str, str]]


@pytest.fixture(scope="module")
def brought_up(server: str, place: Place) -> Migrated:
    address = made(server, "ready", of="portal")
    (back,) = run_each(place, [["migrate", "portal", "0001_roles", "--verbosity", "0"]], DATABASE_URL=address)
    assert back.returncode == 0, back.stderr
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
def ready(brought_up: Migrated, place: Place) -> str:
    """A database with a customer of two subscriptions, one of which expired long ago."""
    expired = [
        f"{EXPIRED},{one_customer.ORGANISATION},SKU,expired,2026-01-01",
        f"{EXPIRED},2026-01-01,1,50,0,50,A-2",
    ]
    files = one_customer.write(place.data / "csv", subscriptions=expired[:1], cycles=expired[1:])
    (answer,) = run_each(place, [["import_data", str(files)]], DATABASE_URL=brought_up.address)
    assert answer.returncode == 0, answer.stderr
    return brought_up.address


def facts(address: str) -> dict[str, int]:
    """Give the tables there are, and how many rows each has."""
    with psycopg.connect(address) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            name: count for (name,) in tables for (count,) in connection.execute(f"SELECT count(*) FROM {name}")
        }


def refused(answer: Answer) -> str:
    assert (answer.returncode, answer.stdout) == (1, ""), answer
    assert answer.stderr.count("\n") == 1, answer
    return answer.stderr.strip()


def all_refused(place: Place, *commands: tuple[str, ...], **more: str) -> list[str]:
    """Run commands of which each is refused: the last one as a person would, the others with one start."""
    *others, last = commands
    answers = [*run_each(place, others, PORT=free_port(), **more), run(place, *last, PORT=free_port(), **more)]
    return [refused(answer) for answer in answers]


def test_no_command_sets_up_an_empty_one(place: Place, empty: str) -> None:
    commands = [*READING, *WRITING[:-1]]
    assert all_refused(place, *commands, DATABASE_URL=empty) == [EMPTY] * len(commands)
    assert facts(empty) == {}


def test_one_with_tables_of_something_else_is_left_alone_by_the_server(place: Place, server: str) -> None:
    address = made(server, "theirs")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE something (id int)")
    said = refused(run(place, DATABASE_URL=address, PORT=free_port()))
    assert said.startswith("The database is behind this version of the portal, and nothing was done: ")
    assert facts(address) == {"something": 0}


def test_two_that_migrate_at_once_are_both_right(brought_up: Migrated) -> None:
    assert brought_up.statuses == [0, 0], brought_up.said
    assert brought_up.said == [("", ""), ("", "")]


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


def test_one_that_is_behind_is_migrated_by_nothing_else(place: Place, behind: str) -> None:
    before = facts(behind)
    for said in all_refused(place, *READING, *WRITING, DATABASE_URL=behind):
        assert said.startswith(
            "The database is behind this version of the portal, and nothing was done: 1 migration is "
        )
        assert said.endswith("./run migrate.")
    assert facts(behind) == before


def test_what_tells_which_migrations_are_missing_does(place: Place, behind: str) -> None:
    (answer,) = run_each(place, [["showmigrations", "invoicing"]], DATABASE_URL=behind)
    assert answer.returncode == 0
    assert "[ ]" in answer.stdout


def test_reading_commands_do_not_migrate_an_embedded_one_either() -> None:
    with migrated.place("read", tables=False) as fresh:
        assert all_refused(fresh, *READING) == [EMPTY] * len(READING)


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


def test_on_a_replica_all_is_read(place: Place, replica: str) -> None:
    report = place.data / "report.csv"
    verified, quoted, dry, night = run_each(
        place,
        [
            ["verify_ledger", "--json"],
            ["quote_refund", one_customer.SUBSCRIPTION, EXPIRED, "--json"],
            ["terminate_expired", "--dry-run", "--json", "--report", str(report)],
            ["nightly", "--dry-run", "--json"],
        ],
        DATABASE_URL=replica,
    )
    assert [answer.returncode for answer in (verified, quoted, dry, night)] == [0] * 4, (
        verified,
        quoted,
        dry,
        night,
    )
    assert verified.stderr + quoted.stderr == ""
    told = json.loads(verified.stdout)
    assert (told["faults"], told["organisations"]) == ([], 1)
    quotes = [json.loads(line) for line in quoted.stdout.splitlines()]
    assert [one["subscription"] for one in quotes] == [one_customer.SUBSCRIPTION, EXPIRED]
    assert quotes[0]["lines"]
    told = json.loads(dry.stdout)
    assert (told["dry_run"], told["terminated"]) == (True, 1)
    assert len(report.read_text().splitlines()) == 1 + told["terminated"] + told["held"]
    assert json.loads(night.stdout)["clean_up"]["counts"]["terminated"] == told["terminated"]


def test_on_a_replica_all_else_says_why_not(place: Place, replica: str) -> None:
    for said in all_refused(place, *WRITING, ("migrate",), DATABASE_URL=replica):
        assert said.startswith("This database can only be read (it is a replica, ")


def test_what_finds_out_on_the_way_says_it_too(place: Place, ready: str) -> None:
    """The check comes first; a database may change its mind behind it."""
    code = (
        "from django.db import connection as c; k = c.cursor(); "
        "k.execute('SET default_transaction_read_only = on'); "
        "k.execute('DELETE FROM django_session')"
    )
    (answer,) = run_each(place, [["shell", "--no-imports", "-c", code]], DATABASE_URL=ready)
    assert refused(answer).startswith("This database can only be read")
