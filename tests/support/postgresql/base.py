"""Django's backend of PostgreSQL, which takes less time to make a database, and to empty it between two tests.

TRUNCATE makes a new file for each table and each of its indexes, hundreds of them; a test has written a few. What
migrating leaves of rights and roles stays unless a test has changed it (`rights`).
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import Any

from django.db.backends.postgresql import base, operations

from tests.support.postgresql import creation, rights

_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND NOT condeferred
"""
# Of more rows TRUNCATE is quicker, and dead ones would be in the way of the tests that follow.
_MANY = 2_000


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(
        self, style: Any, tables: Sequence[str], *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        """Delete the rows of the tables that have any, those that refer to others first."""
        with self.connection.cursor() as cursor:
            ours: Any = self.connection
            ours.has_kept_rights = rights.digest(cursor) == ours.migrated_rights
            if ours.has_kept_rights:
                tables = [table for table in tables if table not in rights.TABLES]
            counts = " UNION ALL ".join(
                f"SELECT '{table}', (SELECT count(*) FROM (SELECT FROM {table} LIMIT {_MANY}) few)"
                for table in tables
            )
            cursor.execute(counts)
            found = dict(cursor.fetchall())
            if reset_sequences or allow_cascade or any(count == _MANY for count in found.values()):
                return super().sql_flush(
                    style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade
                )
            filled = [table for table, count in found.items() if count]
            cursor.execute(_REFERENCES)
            before: dict[str, set[str]] = {table: set() for table in filled}
            for referring, referred in cursor.fetchall():
                if referring in before and referred in before:
                    before[referred].add(referring)
        return [
            *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in filled),
            *(f"DELETE FROM {table}" for table in TopologicalSorter(before).static_order()),
            "SET CONSTRAINTS ALL IMMEDIATE",
            *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in filled),
        ]


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = creation.DatabaseCreation
    ops_class = DatabaseOperations
    # What migrating has left, and whether the last flush has left it too.
    migrated_rights = ""
    has_kept_rights = False
