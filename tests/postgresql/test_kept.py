"""What is kept between runs is what migrating made, whole and of these migrations, however runs before ended."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.core import management
from django.db import OperationalError, connection
from psycopg import errors

from tests.architecture.source import ROOT
from tests.support.postgresql import kept, shape
from tests.support.postgresql.server import Server, server_cursor


@pytest.fixture
def run(server: Server) -> Callable[..., list[str]]:
    """Begin a run whose migrations are of a shape and write one word. Gives what its database holds."""

    def begin(of: str, *, writes: str = "", may_be_kept: bool = True, run: str = "") -> list[str]:
        def make() -> bool:
            server.create(writes or of)
            return may_be_kept

        kept.copy(server.cursor, server.kept, to=server.copied, shape=lambda: of, make=make, run=run)
        return server.words()

    return begin


def test_the_same_migrations_are_applied_once_and_changed_ones_anew(run, server):
    assert run("first", writes="by the first run") == ["by the first run"]
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        server.connect(server.kept)
    # What a run left in its database is gone.
    with server.connect(server.copied) as broken_off:
        broken_off.execute("INSERT INTO words VALUES ('committed')")
        broken_off.execute("ALTER TABLE words ADD COLUMN more text")
        broken_off.execute("DELETE FROM words WHERE word = 'by the first run'")
    assert run("first", writes="by the second run") == ["by the first run"]
    with server.connect(server.copied) as copied:
        assert copied.execute("SELECT * FROM words").fetchall() == [("by the first run",)]
    # The server itself waits five seconds before it says that a database is in use.
    busy: Any = _Busy(server.cursor, server.copied)
    with pytest.raises(kept.InUse, match=server.copied):
        kept.copy(busy, server.kept, to=server.copied, shape=lambda: "first", make=bool)
    assert run("second") == ["second"]


class _Busy:
    """A cursor to whose server somebody is connected who stays."""

    def __init__(self, cursor, name):
        self._cursor, self._name = cursor, name

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    def execute(self, statement, parameters=None):
        if not isinstance(statement, str) and f'DROP DATABASE IF EXISTS "{self._name}"' in statement.as_string():
            raise OperationalError from errors.ObjectInUse()
        return self._cursor.execute(statement, parameters)


def test_a_run_of_several_processes_migrates_once_whatever_is_kept(run):
    run("first", writes="by an earlier run")
    assert run("first", writes="by its first process", run="this") == ["by its first process"]
    assert run("first", writes="by its second process", run="this") == ["by its first process"]
    # Who reuses takes what another run has made.
    assert run("first", writes="once more") == ["by its first process"]
    assert run("first", writes="by a later run", run="that") == ["by a later run"]


def test_migrating_that_failed_leaves_nothing_to_use(run, server):
    def fail() -> bool:
        server.create("half")
        raise OperationalError

    with pytest.raises(OperationalError):
        kept.copy(server.cursor, server.kept, to=server.copied, shape=lambda: "first", make=fail)
    assert run("first") == ["first"]


_MIGRATES_FOR_EVER = """
import sys, django
django.setup()
from django.db import connection
from tests.support.postgresql import kept
from tests.support.postgresql.server import Server

with connection.creation._nodb_cursor() as cursor:
    server = Server(cursor, *sys.argv[1:])
    def make():
        server.create("half")
        with server.connect(server.kept) as migrating:
            migrating.execute("BEGIN")
            migrating.execute("INSERT INTO words VALUES ('never committed')")
            print("migrating", flush=True)
            sys.stdin.read()
    kept.copy(cursor, server.kept, to=server.copied, shape=lambda: "first", make=make)
"""


def test_a_run_that_was_killed_while_migrating_leaves_nothing_to_use(run, server):
    with subprocess.Popen(
        [sys.executable, "-c", _MIGRATES_FOR_EVER, server.kept, server.copied],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "migrating\n"
        other.send_signal(signal.SIGKILL)
        assert run("first") == ["first"]


def test_it_is_not_kept_when_files_changed_before_they_were_read(run):
    assert run("first", writes="by an older file", may_be_kept=False) == ["by an older file"]
    assert run("first") == ["first"]


def test_it_is_not_kept_when_files_changed_while_they_were_read(run, server):
    shapes = iter(["first", "second"])

    def make() -> bool:
        server.create("of either")
        return True

    kept.copy(server.cursor, server.kept, to=server.copied, shape=lambda: next(shapes), make=make)
    assert run("first") == ["first"]


def test_of_two_runs_at_once_one_migrates(run, server, django_db_blocker):
    is_migrating, may_end = threading.Event(), threading.Event()

    def make() -> bool:
        server.create("first")
        is_migrating.set()
        return may_end.wait(60)

    def run_beside() -> None:
        with django_db_blocker.unblock(), server_cursor() as cursor:
            kept.copy(cursor, server.kept, to=f"{server.copied}_too", shape=lambda: "first", make=make)
            cursor.execute(f"DROP DATABASE {server.copied}_too")

    def end_when_somebody_waits() -> None:
        with server.connect("postgres") as watching:
            while not watching.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
            ).fetchone():
                pass
        may_end.set()

    threads = [threading.Thread(target=run_beside), threading.Thread(target=end_when_somebody_waits)]
    threads[0].start()
    assert is_migrating.wait(60)
    threads[1].start()
    assert run("first", writes="twice") == ["first"]
    for thread in threads:
        thread.join()


@pytest.fixture
def creation(server: Server, monkeypatch: pytest.MonkeyPatch):
    """Give what makes test databases, with quicker migrations, and let the connection be what it was afterwards."""
    usual = connection.settings_dict
    connection.close()
    connection.settings_dict = {**usual, "TEST": {**usual["TEST"], "NAME": server.copied}}
    monkeypatch.setattr(kept, "name_for", lambda cursor: server.kept)
    yield connection.creation
    connection.close()
    connection.settings_dict = usual


def test_django_makes_the_database_that_is_kept(creation, server, monkeypatch, settings):
    commands: list[str] = []

    def call(command: str, **options: object) -> None:
        commands.append(command)
        if command == "migrate":
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE words (word text)")

    monkeypatch.setitem(settings.DATABASES["default"], "NAME", settings.DATABASES["default"]["NAME"])
    monkeypatch.setattr(management, "call_command", call)
    monkeypatch.setattr(shape, "changed_since", lambda moment: False)
    for _ in range(2):
        assert creation.create_test_db(verbosity=0, serialize=False, keepdb=True) == server.copied
        assert server.words() == []
        connection.close()
    assert commands == ["migrate", "createcachetable"]


def test_a_run_beside_another_one_is_told_how(creation, monkeypatch):
    def refuse(*arguments: object, **named: object) -> None:
        raise kept.InUse

    monkeypatch.setattr(kept, "copy", refuse)
    with pytest.raises(pytest.exit.Exception, match="PORTAL_TEST_DB=test_mine"):
        creation.create_test_db(keepdb=True)
