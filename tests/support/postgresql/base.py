"""Django's backend of PostgreSQL, which takes less time to make a database, and to empty it between two tests.

TRUNCATE makes a new file for each table and each of its indexes, hundreds of them; a test has written a few. What
migrating leaves in tables stays unless a test has changed it (`migrated_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import psycopg
from django.db import connections
from django.db.backends.postgresql import base, operations
from django.test import TransactionTestCase
from psycopg.pq import TransactionStatus

from tests.support.postgresql import creation, emptying, migrated_rows


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(
        self, style: Any, tables: Sequence[str], *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        """Say how tables are emptied, besides those which no test has changed."""
        ours: Any = self.connection
        with (ours.emptying or self.connection).cursor() as cursor:
            ours.left = {
                group for group, word in migrated_rows.kept(cursor).items() if word == ours.migrated.get(group)
            }
        if ours.emptying is None or reset_sequences or allow_cascade:
            # The settings refer to who saved them: TRUNCATE takes both or none.
            ours.left &= {migrated_rows.RIGHTS}
            return super().sql_flush(
                style,
                _besides(ours.left, tables),
                reset_sequences=reset_sequences,
                allow_cascade=allow_cascade,
            )
        return [f"{_DELETE}{table}" for table in sorted(_besides(ours.left, tables))]

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """Do what `sql_flush` has said."""
        statements = list(sql_list)
        if all(statement.startswith(_DELETE) for statement in statements):
            ours: Any = self.connection
            ours.emptying.delete([statement.removeprefix(_DELETE) for statement in statements])
        else:
            super().execute_sql_flush(statements)


_DELETE = "DELETE FROM "


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
        # Only in the embedded server: elsewhere nobody need be the superuser.
        self.emptying: emptying.Emptying | None = None

    def begin_anew(self) -> None:
        """Put the session back to what it was as it began, with what it knows of tables and functions.

        A new one would read all of that again from the catalogues.
        """
        session: Any = self.connection
        if session is None:
            return
        if self.in_atomic_block or session.info.transaction_status != TransactionStatus.IDLE:
            self.close()
            return
        try:
            session.execute(_AS_AT_THE_BEGINNING)
        except psycopg.OperationalError:  # a test has cut it
            self.close()
        else:
            self.init_connection_state()


# As DISCARD ALL, which also drops the plans of triggers.
_AS_AT_THE_BEGINNING = (
    "CLOSE ALL; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)


def _begin_anew(_test: TransactionTestCase) -> bool:
    """Keep the sessions after a transactional test, where Django ends them."""
    for connection in connections.all(initialized_only=True):
        cast(DatabaseWrapper, connection).begin_anew()
    return False


_case: Any = TransactionTestCase  # its stubs don't name this one
_case._should_reload_connections = _begin_anew
