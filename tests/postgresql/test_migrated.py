"""How a database stands to this version: ready, behind, newer, made by another one, or too old."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from portal.postgresql import migrated

pytestmark = pytest.mark.django_db
RECORDED = MigrationRecorder.Migration.objects
LATER = ("settings_app", "0004_drop_unread_indexes"), ("subscriptions", "0003_drop_unread_indexes")


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _forget(keys) -> None:
    for app, name in keys:
        assert RECORDED.filter(app=app, name=name).delete()[0] == 1


def _asked() -> tuple[int, str]:
    response = Client().get("/readyz")
    return response.status_code, response.content.decode().strip()


def test_what_this_version_has_migrated_is_ready():
    assert migrated.of_the_database() == migrated.Standing()
    assert _asked() == (200, "ready")


def test_what_a_newer_version_added_is_no_fault():
    RECORDED.create(app="invoicing", name="9001_later")
    RECORDED.create(app="dunning", name="0001_initial")
    _sql("ALTER TABLE invoicing_invoice ADD COLUMN of_later text")
    _sql("CREATE TABLE dunning_letter (id bigint)")
    stands = migrated.of_the_database()
    assert (stands.is_ready, stands.is_newer) == (True, True)
    assert _asked() == (200, "ready")


def test_a_missing_migration_is_one():
    last = RECORDED.filter(app="invoicing").latest("name")
    last.delete()
    stands = migrated.of_the_database()
    assert (stands.is_ready, stands.is_too_old) == (False, False)
    assert f"invoicing.{last.name}" in stands.missing
    assert _asked() == (503, "migrations are not applied")


def test_a_column_that_is_gone_is_one():
    _sql("ALTER TABLE settings_app_terminationreason RENAME COLUMN label TO called")
    _sql("DROP TABLE outbox_delivery")
    stands = migrated.of_the_database()
    assert "settings_app_terminationreason.label" in stands.lacking
    assert "outbox_delivery.body" in stands.lacking
    assert _asked() == (503, "the database was made by another version of the portal")


def _leave_those_of_the_first_release() -> None:
    _forget(
        [
            key
            for key in RECORDED.values_list("app", "name")
            if key[0] in migrated.OURS and key not in migrated.FIRST
        ]
    )


def test_the_first_release_is_brought_up_to_date():
    _leave_those_of_the_first_release()
    stands = migrated.of_the_database()
    assert (stands.is_too_old, stands.is_ready) == (False, False)


def test_a_first_set_up_that_was_broken_off_goes_on():
    _leave_those_of_the_first_release()
    _forget(LATER)
    assert not migrated.of_the_database().is_too_old


@pytest.mark.parametrize("name", ["0003_plan_balances_anew", "0002_guards"])
def test_before_the_first_release_a_migration_was_not_there_yet(name):
    _forget([("customers", name)])
    assert migrated.of_the_database().is_too_old
    assert _asked() == (503, "the database was made by another version of the portal")


@pytest.mark.parametrize(
    "before", ["", "CREATE INDEX number_reserved ON subscriptions_phonenumber (reserved_through)"]
)
def test_before_the_first_release_the_same_names_stood_for_other_tables(before):
    """Also where the first release has since applied what was missing by name."""
    _leave_those_of_the_first_release()
    _sql(f"DROP INDEX number_reserved; {before}")
    assert migrated.of_the_database().is_too_old
    _forget(LATER)
    assert migrated.of_the_database().is_too_old


def test_an_empty_database_is_only_behind():
    RECORDED.all().delete()
    stands = migrated.of_the_database()
    assert (stands.is_too_old, stands.is_ready) == (False, False)
