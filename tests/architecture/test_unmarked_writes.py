"""A write that no operation marked leaves a plain row in the audit; a marked one leaves none."""

import pytest
from django.db import connection, transaction

from portal import frame
from portal.audit import names, operations
from portal.audit.models import AuditEntry
from tests.architecture import world as worlds
from tests.architecture.illegal_changes import DELETED
from tests.architecture.tables import OF_THE_AUDIT, TABLES
from tests.support import factories

pytestmark = pytest.mark.django_db
EVENT = "Changed outside an operation"


def _notes() -> list[str]:
    return list(AuditEntry.objects.filter(event=EVENT).order_by("pk").values_list("description", flat=True))


def test_every_table_is_noticed_when_rows_are_added():
    worlds.build()
    noticed = {note.split(":")[0] for note in _notes() if "insert" in note}
    # Versions, the config head, the series and the reasons are there from the migrations on.
    made_before = {
        "settings_app_portalconfigversion",
        "settings_app_confighead",
        "settings_app_terminationreason",
        "invoicing_numberseries",
    }
    assert set(TABLES.values()) - noticed - made_before == OF_THE_AUDIT


# The others are never changed: test_constraints names what refuses it.
CHANGEABLE = sorted(
    set(TABLES) - {row for _, row in DELETED} - {"opening", "by_note", "by_request", "coming_tax_rate"} | {"head"}
)


def test_every_table_is_noticed_when_a_row_is_changed():
    world = worlds.build()
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        (role,) = cursor.fetchone()
    noticed = {}
    for row in CHANGEABLE:
        table = TABLES[row]
        last = AuditEntry.objects.latest("pk").pk
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET id = id WHERE id = %s", [getattr(world, row).pk])
            # A line of a note also moves the sums of its charge, and that is noticed as well.
            sentence = f"{table}: update of 1 row(s) outside an operation, by the database role {role}"
            found = AuditEntry.objects.filter(event=EVENT, description=sentence, pk__gt=last)
            noticed[row] = list(found.values_list("app", "actor"))
            transaction.set_rollback(True)
    assert noticed == {row: [(names.of_table(TABLES[row]), role)] for row in CHANGEABLE}


def test_a_deletion_and_a_bulk_update_are_noticed_with_their_count():
    worlds.build()
    before = len(_notes())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM subscriptions_historyentry")
        cursor.execute("UPDATE subscriptions_subscription SET status = status WHERE status <> 'terminated'")
        cursor.execute("UPDATE subscriptions_subscription SET status = status WHERE id = 0")
    first, second = _notes()[before:]
    assert first.startswith("subscriptions_historyentry: delete of 1 row(s)")
    assert second.startswith("subscriptions_subscription: update of 2 row(s)")


def test_a_marked_write_is_not_noticed():
    with frame.operation("test"):
        worlds.build()
    assert _notes() == []


@pytest.mark.django_db(transaction=True)
def test_the_mark_ends_with_its_transaction(now):
    with frame.operation("test"):
        made = factories.OrganisationFactory.create()
        operations.record(
            "record.changed", sentence="Made.", app=names.CUSTOMERS, label="Made", by=frame.SYSTEM, at=now
        )
    assert _notes() == []
    with transaction.atomic():
        factories.MemberFactory.create(organisation=made)
    tables = ["customers_member", "customers_searchkey", "customers_searchkey"]
    assert [note.split(":")[0] for note in _notes()] == tables
