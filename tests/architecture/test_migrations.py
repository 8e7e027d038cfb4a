"""Migrations say what the models say, stand in a line, can be taken back, and stay what they were."""

import ast
import io
import sys

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.architecture import frozen, source

OURS = {"audit", "outbox", "jobs", "customers", "invoicing", "subscriptions", "settings_app", "portal"}


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


def test_what_is_on_main_never_changes():
    """A database that has applied a migration would never hear of the change: write a further migration."""
    kept = frozen.kept()
    there = {str(file.relative_to(source.ROOT)): frozen.line_of(file) for file in frozen.migrations()}
    changed = [path for path, line in there.items() if path in kept and kept[path] != line]
    assert changed == [], "changed, or renamed after it had its line: undo that, or take the stale line out"
    gone = sorted(kept.keys() - there.keys())
    assert gone == [], (
        "no such migration any more: bring it back, or take out the line of one that never was on main"
    )
    new = [line for path, line in there.items() if path not in kept]
    assert new == [], (
        f"add these lines to {frozen.FILE.relative_to(source.ROOT)}; "
        ".venv/bin/python -m tests.architecture.frozen does it"
    )


def test_migrations_import_nothing_that_lives():
    """What they import would change under them. Django and the standard library are all they get."""
    allowed = {"django", *sys.stdlib_module_names}
    imported = [
        f"{source.place(module, node)}: {name}"
        for module, node in source.found(of=(ast.Import, ast.ImportFrom))
        if module.is_migration
        for name in source.imported(node)
        if getattr(node, "level", 0) or name.split(".")[0] not in allowed
    ]
    assert imported == []
