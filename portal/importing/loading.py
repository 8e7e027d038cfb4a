"""Write the new rows, set by set, with the statements that the apps declare.

Every statement reads the staged rows that are not known yet; what the rows refer to is there by then.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from portal.frame import IMPORT
from portal.importing import temporary
from portal.importing.shapes import Declared

_INTO = re.compile(r"\s*INSERT INTO (?P<table>\w+)")
MANY = 1000
"""Fewer are joined quickly in any order."""


def load(cursor: Any, declared: Declared, *, at: datetime) -> None:
    """Write every new row, inside the operation that checked them."""
    statements = [statement for part in declared.parts for statement in part.load]
    statements += [declared.written(query) for part in declared.parts for query in part.load_last]
    _describe_run(cursor, declared, at=at)
    for statement in statements:
        cursor.execute(statement)
        if (written := _INTO.match(statement)) and cursor.rowcount >= MANY:
            _make_known(cursor, written["table"], rows=cursor.rowcount)


def _describe_run(cursor: Any, declared: Declared, *, at: datetime) -> None:
    """Make the table of one row in which statements find what is not in a file."""
    settings = {name: number for part in declared.parts for name, number in part.settings().items()}
    numbers = "".join(f", %s::int AS {name}" for name in settings)
    temporary.create_as(
        cursor,
        "import_run",
        f"SELECT %s::timestamptz AS at, %s::text AS actor{numbers}",
        [at, IMPORT.name, *settings.values()],
    )


def _make_known(cursor: Any, table: str, *, rows: int) -> None:
    """Let PostgreSQL look at a table of which most is new, before anything is joined with it.

    It may believe that the table is empty: after an import that was broken off it does, and then it compares each
    row with each. Until the end of the transaction nobody else can make it believe so again.
    """
    cursor.execute("SELECT reltuples < %s FROM pg_class WHERE oid = %s::regclass", [rows, table])
    if cursor.fetchone()[0]:
        cursor.execute("SELECT portal_analyze(%s::regclass)", [table])
