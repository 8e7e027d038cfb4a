"""What a command wants of the database, told from its words."""

import pytest

from portal import embedded
from portal.postgresql import patience
from portal.shell import readiness
from portal.shell.readiness import Need, need_of


@pytest.mark.parametrize(
    ("words", "need"),
    [
        ([], Need.NOTHING),
        (["help"], Need.NOTHING),
        (["verify_ledger", "--help"], Need.NOTHING),
        (["--version"], Need.NOTHING),
        (["makemigrations", "--check", "--dry-run"], Need.NOTHING),
        (["showmigrations"], Need.TO_LOOK),
        (["verify_ledger", "--json"], Need.TO_READ),
        (["quote_refund", "-"], Need.TO_READ),
        (["terminate_expired", "--json", "--dry-run"], Need.TO_READ),
        (["terminate_expired", "--dry"], Need.TO_READ),
        (["nightly", "--as-of", "2026-11-29", "--dry-run"], Need.TO_READ),
        (["import_data", "--dry-run", "here"], Need.TO_STAGE),
        (["import_data", "here"], Need.TO_WRITE),
        # Names of directories and people, not words of ours.
        (["import_data", "help"], Need.TO_WRITE),
        (["import_data", "--", "--dry-run"], Need.TO_WRITE),
        (["create_staff", "version", "--role", "agent"], Need.TO_WRITE),
        (["shell", "-c", "1"], Need.TO_WRITE),
        (["demo", "--remove"], Need.TO_WRITE),
        (["serve"], Need.TO_SERVE),
        (["migrate", "customers"], Need.TO_MIGRATE),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_it_wants(words: list[str], need: Need) -> None:
    assert need_of(words) is need


@pytest.mark.django_db(transaction=True)
def test_tables_that_stay_in_use_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def migrate(*words: object, **options: object) -> None:
        raise patience.TablesInUse("audit.0003_hash_of_an_entry")

    monkeypatch.setattr(readiness, "_is_behind", lambda stands: True)
    monkeypatch.setattr(embedded, "is_used", lambda: True)
    monkeypatch.setattr(readiness, "call_command", migrate)
    said = readiness.prepare(Need.TO_WRITE)
    assert said.startswith("The database was not brought up to date: at 11 tries others used tables")
    assert "a backup" in said
