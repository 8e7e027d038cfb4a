"""What migrating leaves in tables, which a flush leaves as well unless a test has changed it.

Django deletes it with all else. Its receivers write rights and roles again, row by row, and the tests the settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.commands import flush
from django.db import connections

RIGHTS = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
SETTINGS = (
    "settings_app_portalconfigversion",
    "settings_app_administrativefee",
    "settings_app_confighead",
    "settings_app_terminationreason",
)
SERIES = ("invoicing_numberseries",)
GROUPS = (RIGHTS, SETTINGS, SERIES)

Kept = dict[tuple[str, ...], str]


def kept(cursor: Any, groups: Iterable[tuple[str, ...]] = GROUPS) -> Kept:
    """Say in one word what each group of tables holds; "" where nothing was migrated."""
    cursor.execute("SELECT to_regclass(%s)", [SERIES[-1]])
    if cursor.fetchone()[0] is None:
        return dict.fromkeys(groups, "")
    words = {
        tables: " || ".join(
            f"(SELECT coalesce(md5(string_agg(t::text, ' ' ORDER BY id)), '') FROM {table} t)" for table in tables
        )
        for tables in groups
    }
    cursor.execute(f"SELECT {', '.join(words.values())}")
    return dict(zip(words, map(str, cursor.fetchone()), strict=True))


def remember(connection: Any, *groups: tuple[str, ...]) -> None:
    """Take what groups of tables hold now for what migrating leaves."""
    with connection.cursor() as cursor:
        connection.migrated |= kept(cursor, groups)


def _emit_unless_kept(verbosity: int, interactive: bool, database: str) -> None:
    """Let receivers write what a flush has deleted, unless it has left it."""
    connection: Any = connections[database]
    if RIGHTS not in connection.left:
        _emit(verbosity, interactive, database)
        remember(connection, RIGHTS)


_command: Any = flush  # its stubs don't name what it calls
_emit = _command.emit_post_migrate_signal
_command.emit_post_migrate_signal = _emit_unless_kept
