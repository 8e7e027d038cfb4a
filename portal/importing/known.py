"""Work out, in the database, what the staged rows are about: what is known already, and what belongs to what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.importing import temporary
from portal.importing.shapes import Declared, File


def match(cursor: Any, declared: Declared) -> list[File]:
    """Mark the staged rows whose key is known, and return the files that have some.

    What they say is not looked at again: equal, or a fault.
    """
    found = []
    for file in declared.files:
        cursor.execute(
            f"UPDATE {file.table} s SET known_id = k.id FROM {file.kept.tables} WHERE {file.kept.same}"  # noqa: S608
        )
        if cursor.rowcount:
            found.append(file)
        cursor.execute(f"ANALYZE {file.table}")
    return found


def lock(cursor: Any, declared: Declared) -> None:
    """Lock what is there already and will be added to, so that what is checked stays true."""
    for part in declared.parts:
        for query in part.locks:
            cursor.execute(f"SELECT count(*) FROM ({query}) locked")  # noqa: S608 - from the declarations


def resolve(cursor: Any, declared: Declared, *, at: datetime) -> None:
    """Gather what staged rows may refer to: the first staged record of a key, or the one the database has."""
    for part in declared.parts:
        part.prepare(cursor, at=at)
        for file in part.files:
            if everything := file.kept.everything:
                query = everything if isinstance(everything, str) else everything(declared.keys_of(file))
                temporary.create_as(cursor, file.all_table, query)
                cursor.execute(f"ANALYZE {file.all_table}")
    for file in declared.files:
        for columns in file.kept.indexes:
            cursor.execute(f"CREATE INDEX ON {file.all_table} ({columns})")


def counts(cursor: Any, file: File) -> tuple[int, int]:
    """Count the new and the unchanged rows of a file."""
    cursor.execute(
        f"SELECT count(*) FILTER (WHERE known_id IS NULL), count(known_id) FROM {file.table}"  # noqa: S608
    )
    new, unchanged = cursor.fetchone()
    return new, unchanged
