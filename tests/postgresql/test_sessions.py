"""The session that transactional tests share: each finds it as one that has just begun."""

from collections.abc import Iterator

import pytest
from django.db import connections

pytestmark = pytest.mark.django_db(transaction=True)

_LEFT = """
SELECT current_setting('lock_timeout'), current_setting('TimeZone'),
       coalesce(current_setting('portal.operation', true), ''),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
       to_regclass('left_by_a_test'), (SELECT count(*) FROM pg_listening_channels())
"""
_LEAVE = (
    "SET lock_timeout = '7s'",
    "SET TimeZone = 'Asia/Singapore'",
    "SELECT set_config('portal.operation', 'of a test', false)",
    "SELECT pg_advisory_lock(7316)",
    "CREATE TEMPORARY TABLE left_by_a_test ()",
    "LISTEN left_by_a_test",
)


def _pid_and_state() -> Iterator[object]:
    with connections["default"].cursor() as cursor:
        cursor.execute(_LEFT)
        yield cursor.fetchone()
        cursor.execute("SELECT pg_backend_pid()")
        yield cursor.fetchone()


def test_a_test_finds_nothing_that_another_has_left() -> None:
    ours = connections["default"]
    ours.close()
    fresh, pid = _pid_and_state()
    with ours.cursor() as cursor:
        for statement in _LEAVE:
            cursor.execute(statement)
    left, _ = _pid_and_state()
    assert left != fresh

    ours.begin_anew()  # type: ignore[attr-defined]  # of the backend of tests

    assert tuple(_pid_and_state()) == (fresh, pid)


@pytest.mark.parametrize("how", ["in a transaction", "cut"])
def test_a_session_that_is_in_disorder_is_ended(how: str) -> None:
    ours = connections["default"]
    _, pid = _pid_and_state()
    ours.connection.execute("BEGIN" if how == "in a transaction" else "SELECT 1")
    if how == "cut":
        ours.connection.pgconn.finish()

    ours.begin_anew()  # type: ignore[attr-defined]  # of the backend of tests

    _, other = _pid_and_state()
    assert other != pid
