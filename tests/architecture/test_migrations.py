"""Migrations say what the models say, stand in a line, and can be taken back."""

import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OURS = {"audit", "outbox", "customers", "invoicing", "subscriptions", "settings_app", "portal"}


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=io.StringIO())


def test_the_checks_find_nothing():
    """Among them that each app's migrations stand in one line (max_migration.txt)."""
    call_command("check", fail_level="INFO", stderr=io.StringIO())


@pytest.mark.django_db
def test_every_migration_can_be_taken_back():
    loader = MigrationLoader(connection)
    stuck = [
        f"{label}.{name}: {operation.describe()}"
        for (label, name), migration in loader.disk_migrations.items()
        if label in OURS
        for operation in migration.operations
        if not operation.reversible
    ]
    assert stuck == []
