"""Empties tables between two tests as the superuser of the embedded server, whose DELETE fires no trigger.

The owner would have to look each row up for its foreign keys, and to switch off the triggers that refuse: after an
ALTER TABLE each session reads the table's definition and plans its statements anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.support import superuser

# A table that had more rows is vacuumed: dead ones would be in the way of the tests that follow.
_MANY = 2_000


class Emptying:
    """Hold a session of its own in a database, which plans a list of statements once."""

    def __init__(self, *, data: Path, database: str) -> None:
        self._data = data
        self._database = database
        self._session: psycopg.Connection[Any] | None = None
        self._planned: dict[tuple[str, ...], sql.Composed] = {}

    def delete(self, tables: Sequence[str]) -> None:
        """Delete all rows of these tables."""
        session = self._connected()
        key = tuple(tables)
        if key not in self._planned:
            self._planned[key] = _plan(session, f"pg_temp.empty_{len(self._planned)}", tables)
        [full] = session.execute(self._planned[key]).fetchone() or [[]]
        for table in full:
            session.execute(sql.SQL("VACUUM {}").format(sql.Identifier(table)))

    def cursor(self) -> psycopg.Cursor[Any]:
        """Give a cursor of this session."""
        return self._connected().cursor()

    def close(self) -> None:
        """End the session: nobody can drop a database while somebody is in it."""
        if self._session is not None:
            self._session.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._session is None or self._session.closed:
            self._planned.clear()
            self._session = superuser.connect(data=self._data, dbname=self._database, prepare_threshold=0)
            self._session.execute("SET session_replication_role = replica")
        return self._session


def _plan(session: psycopg.Connection[Any], name: str, tables: Sequence[str]) -> sql.Composed:
    """Make a function of this session that empties tables, and says which of them had many rows."""
    each = "".join(
        f"DELETE FROM public.{table}; GET DIAGNOSTICS found = ROW_COUNT;"
        f" IF found > {_MANY} THEN full_ones := full_ones || '{table}'::text; END IF;\n"
        for table in tables
    )
    session.execute(
        f"CREATE FUNCTION {name}() RETURNS text[] LANGUAGE plpgsql AS $$\n"
        f"DECLARE found bigint; full_ones text[] := '{{}}'; BEGIN\n{each}RETURN full_ones; END $$"
    )
    return sql.SQL("SELECT {}()").format(sql.SQL(name))
