"""Usernames of earlier versions that no longer can be: the upgrade names them and changes nothing."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db

GUARDED = "0002_usernames_are_plain_and_unique"


@pytest.fixture(autouse=True)
def earlier() -> None:
    """Take the guards of usernames away, as the version before had none; it all ends with the test."""
    call_command("migrate", "portal", "0001_roles", verbosity=0)


def state() -> tuple[list[Any], list[tuple[str]], list[tuple[str, str]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'auth_user'::regclass UNION ALL "
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'auth_user'::regclass AND NOT tgisinternal UNION ALL "
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'auth_user'::regclass ORDER BY 1"
        )
        guards = cursor.fetchall()
    applied = MigrationRecorder(connection).applied_migrations().keys()
    return list(User.objects.order_by("pk").values()), guards, sorted(applied)


def refusal(*usernames: str) -> str:
    User.objects.bulk_create(User(username=name) for name in usernames)
    before = state()
    with pytest.raises(CommandError) as refused:
        call_command("migrate", verbosity=0, stdout=io.StringIO())
    assert state() == before
    assert ("portal", GUARDED) not in before[2]
    return str(refused.value)


@pytest.mark.parametrize(
    ("usernames", "named"),
    [
        (["Söhn", "plain"], "“Söhn”."),
        (["an na"], "“an na”."),
        (["аnna", "anna"], "“аnna”."),
        (["bob", "BOB", "Bob", "rob"], "“BOB”, “Bob”, “bob”."),
        (["system"], "“system”."),
        (["Import", "systems"], "“Import”."),
        (["zoë", "SYSTEM", "eve", "Eve"], "“Eve”, “eve”, “SYSTEM”, “zoë”."),
        ([f"näme-{number:02}" for number in range(13)], "“näme-08”, “näme-09” and 3 more."),
    ],
)
def test_the_upgrade_names_them_and_changes_nothing(usernames: list[str], named: str) -> None:
    said = refusal(*usernames)
    assert said.startswith("Usernames have letters from A to Z, digits and @ . + - _ only, differ in more than ")
    assert "Rename these with the version before, then migrate again: " in said
    assert said.endswith(named)
    for fine in ("plain", "rob", "systems"):
        assert f"“{fine}”" not in said


def test_after_they_were_renamed_it_goes_on() -> None:
    refusal("Söhn", "bob", "BOB")
    User.objects.filter(username="Söhn").update(username="soehn")
    User.objects.filter(username="BOB").update(username="bob2")
    call_command("migrate", verbosity=0)
    assert ("portal", GUARDED) in state()[2]
    assert set(User.objects.values_list("username", flat=True)) == {"soehn", "bob", "bob2"}
