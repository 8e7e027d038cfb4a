"""Django's backend of PostgreSQL, which takes less time to make a database, and to empty it between two tests.

TRUNCATE makes a new file for each table and each of its indexes, hundreds of them; a test has written a few. What
migrating leaves in tables stays unless a test has changed it (`migrated_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import Any

from django.db.backends.postgresql import base, operations

from tests.support.postgresql import creation, migrated_rows

_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND NOT condeferred
"""
# Where a trigger refuses a row to be deleted, or does something about it. The one of unmarked writes does not.
_GUARDED = """
SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
WHERE NOT tgisinternal AND tgtype & 8 <> 0 AND tgname <> 'unmarked_delete'
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
            every = tables
            ours.left = {
                group for group, word in migrated_rows.kept(cursor).items() if word == ours.migrated.get(group)
            }
            tables = _besides(ours.left, tables)
            # A plan of one EXISTS for each table takes half of the time of a plan that counts.
            cursor.execute(f"SELECT {', '.join(f'EXISTS (SELECT FROM {table})' for table in tables)}")
            filled = [table for table, has_rows in zip(tables, cursor.fetchone(), strict=True) if has_rows]
            counts = [f"(SELECT count(*) FROM (SELECT FROM {table} LIMIT {_MANY}) few)" for table in filled]
            cursor.execute(f"SELECT greatest(0, {', '.join(counts)})" if counts else "SELECT 0")
            if reset_sequences or allow_cascade or cursor.fetchone()[0] == _MANY:
                # The settings refer to who saved them: TRUNCATE takes both or none.
                ours.left &= {migrated_rows.RIGHTS}
                return super().sql_flush(
                    style,
                    _besides(ours.left, every),
                    reset_sequences=reset_sequences,
                    allow_cascade=allow_cascade,
                )
            cursor.execute(_GUARDED)
            guarded = {table for (table,) in cursor.fetchall()}.intersection(filled)
            cursor.execute(_REFERENCES)
            before: dict[str, set[str]] = {table: set() for table in filled}
            for referring, referred in cursor.fetchall():
                if referring in before and referred in before:
                    before[referred].add(referring)
        return [
            "SELECT set_config('portal.operation', 'flush', true)",
            *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in guarded),
            *(f"DELETE FROM {table}" for table in TopologicalSorter(before).static_order()),
            "SET CONSTRAINTS ALL IMMEDIATE",
            *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in guarded),
        ]


def _besides(left: set[tuple[str, ...]], tables: Sequence[str]) -> list[str]:
    stay = {table for group in left for table in group}
    return [table for table in tables if table not in stay]


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = creation.DatabaseCreation
    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What migrating has left, and which of it the last flush has left too.
        self.migrated: migrated_rows.Kept = {}
        self.left: set[tuple[str, ...]] = set()
