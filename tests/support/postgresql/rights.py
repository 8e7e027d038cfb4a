"""What migrating leaves of rights and roles, which a flush leaves as well unless a test has changed it.

Django deletes it with all else, and its receivers write it again, row by row.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections
from django.db.backends.utils import CursorWrapper

TABLES = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
_DIGEST = "SELECT " + " || ".join(
    f"(SELECT coalesce(md5(string_agg(t::text, ' ' ORDER BY id)), '') FROM {table} t)" for table in TABLES
)


def digest(cursor: CursorWrapper) -> str:
    """Say in one word what content types, permissions and roles there are; "" where nothing was migrated."""
    cursor.execute("SELECT to_regclass(%s)", [TABLES[-1]])
    if cursor.fetchone()[0] is None:
        return ""
    cursor.execute(_DIGEST)
    return str(cursor.fetchone()[0])


def _emit_unless_kept(verbosity: int, interactive: bool, database: str) -> None:
    """Let receivers write what a flush has deleted, unless it has left it."""
    connection: Any = connections[database]
    if not connection.has_kept_rights:
        _emit(verbosity, interactive, database)
        with connection.cursor() as cursor:
            connection.migrated_rights = digest(cursor)


_command: Any = flush  # its stubs don't name what it calls
_emit = _command.emit_post_migrate_signal
_command.emit_post_migrate_signal = _emit_unless_kept
