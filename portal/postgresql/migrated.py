"""Whether a database fits this version of the portal: has all it needs, is behind, or was made too long ago.

Migrations that were on main before 28 November 2026 were still edited. So of an older database the records say
nothing: the same names stand for other tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

# All of that day's main, which never change again, in the order in which that day's portal applied them.
FIRST = (
    ("audit", "0001_initial"),
    ("audit", "0002_guards"),
    ("customers", "0001_initial"),
    ("customers", "0002_guards"),
    ("customers", "0003_plan_balances_anew"),
    ("invoicing", "0001_initial"),
    ("invoicing", "0002_guards"),
    ("invoicing", "0003_series"),
    ("invoicing", "0004_drop_unread_indexes"),
    ("invoicing", "0005_plan_sums_anew"),
    ("outbox", "0001_initial"),
    ("outbox", "0002_guards"),
    ("settings_app", "0001_initial"),
    ("subscriptions", "0001_initial"),
    ("subscriptions", "0002_guards"),
    ("settings_app", "0002_guards"),
    ("settings_app", "0003_defaults"),
    ("portal", "0001_roles"),
    ("settings_app", "0004_drop_unread_indexes"),
    ("subscriptions", "0003_drop_unread_indexes"),
)
OURS = frozenset(app for app, _ in FIRST)
_TABLES = ("subscriptions", "0001_initial")

# The last that was edited of them: before, this index had one column, or there was none.
_EDITED_LAST = """
    SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relname = 'number_reserved' AND c.relnamespace = current_schema()::regnamespace AND i.indnkeyatts = 2
"""
_COLUMNS = """
    SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND a.attnum > 0 AND NOT a.attisdropped
"""


# What an extension brings along is none of ours, and nobody else's.
_TABLES_OF_SOMEBODY = """
    SELECT EXISTS (
        SELECT FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND NOT EXISTS (SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
"""


@dataclass(frozen=True)
class Standing:
    """Hold how the database stands to this version.

    *Shape*: `missing` are migrations to be applied; `lacking` are columns (as "table.column") that no migration of
    this version will bring; `is_newer` where a later version has migrated it, which is no fault by itself.
    """

    is_too_old: bool = False
    is_newer: bool = False
    missing: tuple[str, ...] = ()
    lacking: tuple[str, ...] = field(default=())

    @property
    def is_ready(self) -> bool:
        """Say whether all that this version needs is there."""
        return not (self.is_too_old or self.missing or self.lacking)


def of_the_database() -> Standing:
    """Read how the database stands. *Raises*: OperationalError and the like where it does not answer."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    applied = {key for key in executor.loader.applied_migrations if key[0] in OURS}
    if _is_too_old(applied, order=[_key(step) for step in executor.migration_plan(leaves, clean_start=True)]):
        return Standing(is_too_old=True)
    missing = tuple(".".join(_key(step)) for step in executor.migration_plan(leaves))
    return Standing(
        is_newer=not applied <= executor.loader.disk_migrations.keys(),
        missing=missing,
        lacking=() if missing else _lacking(),
    )


def is_empty() -> bool:
    """Say whether there is no table at all."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES_OF_SOMEBODY)
        (are_there,) = cursor.fetchone()
    return not are_there


def is_read_only() -> bool:
    """Say whether nothing can be written: on a replica, or where the role or the database is set so."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        (setting,) = cursor.fetchone()
    return bool(setting == "on")


def _key(step: tuple[Migration, bool]) -> tuple[str, str]:
    migration, _ = step
    return migration.app_label, migration.name


def _is_too_old(applied: set[tuple[str, str]], *, order: list[tuple[str, str]]) -> bool:
    """Tell a database of before that day from one whose first migration was broken off and may go on.

    *Shape*: `order` is the one of this version, which may have been broken off as well.
    """
    orders = (FIRST, [key for key in order if key in FIRST])
    if not any(_is_beginning(applied, order=first) for first in orders):
        return True
    if _TABLES not in applied or applied - set(FIRST):
        return False
    with connection.cursor() as cursor:
        cursor.execute(_EDITED_LAST)
        (there,) = cursor.fetchone()
    return not there


def _is_beginning(applied: set[tuple[str, str]], *, order: Sequence[tuple[str, str]]) -> bool:
    done = [key in applied for key in order]
    return sorted(done, reverse=True) == done


def _lacking() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        there = set(cursor.fetchall())
    needed = {
        (model._meta.db_table, column.column)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for column in model._meta.local_concrete_fields
    }
    return tuple(sorted(f"{table}.{column}" for table, column in needed - there))
