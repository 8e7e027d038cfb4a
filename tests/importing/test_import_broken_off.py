"""An import whose database ends, has no room or keeps it waiting: one sentence, and nothing is written."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.management.base import CommandError
from django.db import connection

from customers.models import Organisation
from portal.importing import loading, run
from portal.jobs.models import Run
from tests.support.directory import row_counts

pytestmark = pytest.mark.django_db(transaction=True)

COULD_NOT = "The database could not go on: "


@contextmanager
def another() -> Iterator[psycopg.Connection]:
    """Open a connection of somebody else."""
    known = connection.settings_dict
    with psycopg.connect(
        dbname=known["NAME"],
        user=known["USER"],
        password=known["PASSWORD"],
        host=known["HOST"],
        port=known["PORT"] or None,
        autocommit=True,
    ) as other:
        yield other


@pytest.fixture
def on_insert() -> Iterator[Callable[..., None]]:
    """Let the database do something for each new cycle, or as the transaction that writes it is committed."""

    def do(body: str, *, at_commit: bool = False) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE FUNCTION a_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$"
            )
            cursor.execute(
                "CREATE CONSTRAINT TRIGGER a_test AFTER INSERT ON subscriptions_cycle "
                f"{'DEFERRABLE INITIALLY DEFERRED' if at_commit else ''} FOR EACH ROW EXECUTE FUNCTION a_test()"
            )

    yield do
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION a_test CASCADE")


def test_a_connection_that_is_cut_while_a_file_is_read(directory, imported, monkeypatch):
    # The import takes no FIFO; here one holds it up in the middle of a file.
    monkeypatch.setattr(run, "_is_file", Path.exists)
    path = directory.write()
    before = row_counts()
    rows = (path / "cycles.csv").read_bytes()
    (path / "cycles.csv").unlink()
    os.mkfifo(path / "cycles.csv")
    ended: list[object] = []

    def cut() -> None:
        # Whoever opens it waits for the other end: the import is at this file now.
        with (path / "cycles.csv").open("wb") as pipe, another() as other:
            pipe.write(rows[:200])
            pipe.flush()
            while not ended:
                ended.extend(
                    other.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND query LIKE 'COPY import_cycles%'"
                    ).fetchall()
                )
            pipe.write(rows[200:])

    cutting = threading.Thread(target=cut, daemon=True)
    cutting.start()
    with pytest.raises(CommandError) as refusal:
        imported(path)
    cutting.join(30)
    assert ended == [(True,)]
    said = str(refusal.value)
    assert said.startswith(COULD_NOT)
    assert said.endswith(". Nothing was written; import again.")
    assert "\n" not in said
    assert row_counts() == before
    # The next connection keeps what became of it.
    assert Run.objects.get().refusal == said


def test_a_disk_that_is_full(directory, imported, on_insert):
    on_insert("RAISE 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full'")
    before = row_counts()
    with pytest.raises(CommandError) as refusal:
        imported(directory.write())
    assert str(refusal.value) == (
        f'{COULD_NOT}could not extend file "base/1/2": No space left on device. Nothing was written; import again.'
    )
    assert row_counts() == before
    run = Run.objects.get()
    assert run.refusal == str(refusal.value)
    assert run.finished_at is not None


def test_a_connection_that_is_cut_over_the_commit(directory, imported, on_insert):
    on_insert("PERFORM pg_terminate_backend(pg_backend_pid())", at_commit=True)
    with pytest.raises(CommandError) as refusal:
        imported(directory.write())
    assert str(refusal.value) == (
        f"{COULD_NOT}terminating connection due to administrator command. "
        "It was lost while all was being kept, so all is written or nothing; import again to know."
    )
    # Its end is in the same transaction: a run without one has written nothing.
    assert Run.objects.get().finished_at is None
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("many", [4, 5])
def test_who_cannot_analyze_in_time_has_imported_all_the_same(directory, imported, monkeypatch, many):
    monkeypatch.setattr(loading, "MANY", many)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        with another() as other, other.transaction():
            other.execute("LOCK TABLE django_migrations IN SHARE UPDATE EXCLUSIVE MODE")
            status, out, err = imported(directory.write())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert (status, len(out)) == (0, 8)
    failed = (
        "All is written; only ANALYZE failed (canceling statement due to lock timeout), "
        "and lists may be slow until it is run again."
    )
    # Only where a file brought many rows; no file of this directory has more than four.
    assert err == ([failed] if many == 4 else [])
    assert Organisation.objects.count() == 2
