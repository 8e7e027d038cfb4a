"""Migrations wait briefly for tables; what is no table in use is an error at once."""

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.migrations import Migration

from portal.postgresql import patience

pytestmark = pytest.mark.django_db


def _lock_timeout():
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


def _refuse(cause):
    raise OperationalError(str(cause)) from cause


class Concurrently(Migration):
    atomic = False


def test_only_a_migration_that_is_a_transaction_is_limited():
    """One that makes an index while others write would begin anew at each try."""
    found = patience.Patience(tell=lambda text: None)
    found.starts(Migration("0002_a", "app"))
    assert _lock_timeout() == patience.LOCK_TIMEOUT
    found.starts(Concurrently("0003_b", "app"))
    assert _lock_timeout() == "0"
    found.ends()
    assert _lock_timeout() == "0"


@pytest.mark.parametrize("cause", [psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected])
def test_what_is_in_use_is_tried_again_with_growing_pauses(cause):
    told: list[str] = []
    pauses: list[float] = []
    tries: list[str] = []
    found = patience.Patience(tell=told.append, sleep=pauses.append)

    def work():
        found.starts(Migration("0002_a", "app"))
        tries.append(_lock_timeout())
        if len(tries) < 4:
            _refuse(cause())

    found.until_done(work)
    assert (pauses, len(tries), len(told)) == ([1, 2, 4], 4, 3)
    assert told[0] == "Others use a table that app.0002_a changes; trying again in 1 s ..."
    assert _lock_timeout() == "0"


def test_in_the_end_it_gives_up():
    pauses: list[float] = []
    found = patience.Patience(tell=lambda text: None, sleep=pauses.append)
    with pytest.raises(patience.TablesInUse, match="at 11 tries others used tables"):
        found.until_done(lambda: _refuse(psycopg.errors.LockNotAvailable()))
    assert tuple(pauses) == patience.PAUSES


@pytest.mark.parametrize("cause", [psycopg.errors.QueryCanceled, psycopg.errors.AdminShutdown])
def test_any_other_error_is_told_at_once(cause):
    pauses: list[float] = []
    found = patience.Patience(tell=lambda text: None, sleep=pauses.append)
    with pytest.raises(OperationalError):
        found.until_done(lambda: _refuse(cause()))
    assert pauses == []


def test_a_broken_off_transaction_is_no_reason_for_another_error():
    found = patience.Patience(tell=lambda text: None, sleep=lambda pause: None)

    def work():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(Exception, match="division by zero"), transaction.atomic():
        found.until_done(work)
