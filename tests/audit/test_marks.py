"""A mark counts for a transaction that also leaves its audit entry; anybody can set one by plain SQL."""

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from portal import frame
from portal.audit import names, operations
from portal.audit.models import AuditEntry
from tests.support import factories, refused

pytestmark = pytest.mark.django_db(transaction=True)
MARK = "SELECT set_config('portal.operation', 'terminate', true)"
RENAME = "UPDATE customers_organisation SET name = name || '!'"


@pytest.fixture(autouse=True)
def somebody() -> None:
    User.objects.create_user("somebody")
    factories.OrganisationFactory.create()


def _notes() -> list[str]:
    found = AuditEntry.objects.filter(event="Changed outside an operation").order_by("pk")
    return [note.description for note in found if "marked as" in note.description]


def _run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _open_marks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_openmark")
        return int(cursor.fetchone()[0])


def _told() -> None:
    operations.record(
        "record.changed",
        sentence="Renamed.",
        app=names.CUSTOMERS,
        label="Renamed",
        by=frame.SYSTEM,
        at=timezone.now(),
    )


def test_a_mark_by_plain_sql_silences_nothing():
    _run(MARK, RENAME, RENAME, "UPDATE customers_creditaccount SET credit_limit = 1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        (role,) = cursor.fetchone()
    end = f"marked as “terminate”, but without its audit entry, by the database role {role}"
    assert _notes() == [f"customers_organisation: update {end}", f"customers_creditaccount: update {end}"]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.app, entry.actor) == (names.CUSTOMERS, role)
    assert _open_marks() == 0


def test_a_mark_for_the_whole_session_silences_nothing_either():
    _run("SET portal.operation = 'terminate'")
    try:
        _run(RENAME)
    finally:
        _run("RESET portal.operation")
    assert len(_notes()) == 1


@pytest.mark.parametrize("is_first", [True, False])
def test_an_operation_that_leaves_its_entry_is_believed(is_first):
    with frame.operation("rename"):
        if is_first:
            _told()
        _run(RENAME)
        if not is_first:
            _told()
    assert _notes() == []
    assert _open_marks() == 0


def test_an_entry_of_another_transaction_counts_for_nobody_else():
    with frame.operation("rename"):
        _told()
    _run(MARK, RENAME)
    assert len(_notes()) == 1


def test_an_entry_that_was_taken_back_does_not_count():
    with frame.operation("rename"):
        _run(RENAME)
        before = transaction.savepoint()
        _told()
        transaction.savepoint_rollback(before)
    assert len(_notes()) == 1


def test_what_was_taken_back_is_not_noted():
    with frame.operation("rename"):
        before = transaction.savepoint()
        _run(RENAME)
        transaction.savepoint_rollback(before)
    assert (_notes(), _open_marks()) == ([], 0)


def test_a_statement_that_changes_no_row_is_not_noted():
    _run(MARK, f"{RENAME} WHERE id = 0")
    assert _notes() == []


def test_a_note_about_another_change_is_no_entry():
    _run(RENAME, MARK, RENAME)
    assert len(_notes()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_openmark (txid, is_told) VALUES (pg_current_xact_id(), true)",
        "UPDATE audit_openmark SET is_told = true",
        "DELETE FROM audit_openmark",
    ],
)
def test_nobody_writes_down_that_an_entry_is_there(statement):
    with refused.by("an_open_mark_is_kept_by_triggers"):
        _run(MARK, RENAME, statement)


def test_while_nobody_can_log_in_the_portal_is_being_set_up():
    User.objects.all().delete()
    _run(MARK, RENAME)
    assert _notes() == []
