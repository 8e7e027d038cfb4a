"""Find what differs from what was imported before, column by column, and what is about something that ended here.

A record is known by its key, and an equal row by its SHA-256. Where the SHA-256 differs, each value is compared
with the one that stands in the portal now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from portal.importing import temporary
from portal.importing.faults import MOST_SHOWN, Fault, Faults, shown
from portal.importing.shapes import Declared, File

_TABLE = """
    import_changed (place integer, line integer, ordinal integer, column_name text, key text,
                    was text, is_now text, known_id bigint, sha256 text)
"""


def gather(cursor: Any, declared: Declared, *, among: Iterable[File]) -> Set[File]:
    """Collect every value that differs from the portal's in a row that differs from what was imported before.

    *Shape*: `among` are the files with known rows; those of them in which something differs are returned.
    """
    temporary.create(cursor, _TABLE)
    differing = set()
    for file in among:
        cursor.execute(_changed(file, place=declared.place(file)))
        if cursor.rowcount:
            differing.add(file)
    return differing


def _changed(file: File, *, place: int) -> str:
    types = {column.name: column.sql for column in file.columns}
    values = ", ".join(
        f"({file.place(name)}, '{name}', {_text(sql, types[name])}, {_text(f's.{name}', types[name])})"
        for name, sql in file.kept.now.items()
    )
    silent = ", ".join(f"'{name}'" for name in file.kept.silent_if_empty)
    table = file.kept.table
    return f"""
        INSERT INTO import_changed
        SELECT {place}, s.line, v.ordinal, v.name, {_key(file)}, v.was, v.is_now, s.known_id, s.sha256
        FROM (SELECT s.* FROM {file.table} s JOIN {table} k ON k.id = s.known_id
              WHERE s.sha256 IS NOT NULL AND k.row_sha256 NOT IN ('', s.sha256) OFFSET 0) s
        JOIN {table} k ON k.id = s.known_id
        LEFT JOIN LATERAL (
            SELECT * FROM (VALUES {values}) c (ordinal, name, was, is_now)
            WHERE c.was <> c.is_now AND NOT (c.is_now = '' AND c.name = ANY(ARRAY[{silent}]::text[]))
        ) v ON true
    """  # noqa: S608 - from the names above


def _text(sql: str, kind: str) -> str:
    if kind == "numeric":
        return f"coalesce(trim_scale({sql})::text, '')"
    return f"coalesce(({sql})::text, '')"


def _key(file: File) -> str:
    return " || ' ' || ".join(f"coalesce(s.{name}::text, '')" for name in file.key)


def count(cursor: Any, declared: Declared, file: File) -> int:
    """Count the known rows of a file that are taken with another content."""
    cursor.execute("SELECT count(DISTINCT line) FROM import_changed WHERE place = %s", [declared.place(file)])
    return int(cursor.fetchone()[0])


def check(cursor: Any, declared: Declared, *, among: Set[File], is_updating: bool, faults: Faults) -> None:
    """Add a fault for each change that is not taken: its column, what the portal has, and what the file says."""
    open_files = _changeable(declared) if is_updating else []
    for place, file in enumerate(declared.files):
        if file not in among:
            continue
        is_open = file in open_files
        cursor.execute(
            """
            SELECT place, line, ordinal, column_name, was, is_now, count(*) OVER () FROM import_changed
            WHERE place = %(place)s
              AND (column_name IS NULL AND NOT %(is_open)s OR column_name <> ALL(%(taken)s::text[]))
            ORDER BY line, ordinal LIMIT %(most)s
            """,
            {
                "place": place,
                "is_open": is_open,
                "taken": list(file.kept.changeable) if is_open else [],
                "most": MOST_SHOWN,
            },
        )
        rows = cursor.fetchall()
        if rows:
            faults.add_first((_fault(declared, *row[:-1]) for row in rows), count=rows[0][-1])


def _fault(
    declared: Declared, place: int, line: int, ordinal: int | None, column: str | None, was: str, is_now: str
) -> Fault:
    file = declared.files[place]
    if column is None:
        sentence = (
            "the row differs from what was imported before under its key, though the portal has the same values "
            "now, expected the same row or another key"
        )
        return Fault(place, line, file.place(file.faulted), file.csv, file.faulted, sentence)
    sentence = (
        f"{_said(is_now)} differs from {_said(was)}, which the portal has, expected the row as imported before"
    )
    return Fault(place, line, ordinal or 0, file.csv, column, sentence)


def _said(value: str) -> str:
    return shown(value) if value else "nothing"


# ---- With --update ---------------------------------------------------------------------------------------------

_EXCEPTIONS = """
    import_exceptions (place integer, line integer, file text, key text, column_name text, was text, is_now text,
                       why text, what_to_do text)
"""


def lock(cursor: Any, declared: Declared) -> None:
    """Lock the records that an update may change, so that what is compared stays true."""
    for file in _changeable(declared):
        query = f"""
            SELECT k.id FROM {file.kept.table} k JOIN {file.table} s ON s.known_id = k.id
            WHERE s.sha256 IS NOT NULL AND k.row_sha256 <> s.sha256 ORDER BY k.id FOR NO KEY UPDATE OF k
        """  # noqa: S608 - from the declarations
        cursor.execute(f"SELECT count(*) FROM ({query}) locked")  # noqa: S608


def put_aside(cursor: Any, declared: Declared) -> None:
    """Take the rows about what ended here out of what is staged, and keep them as exceptions."""
    temporary.create(cursor, _EXCEPTIONS)
    for place, file in enumerate(declared.files):
        if not (aside := file.kept.aside):
            continue
        temporary.create_as(
            cursor,
            "import_ended",
            f"""
            SELECT s.line, e.why, {_key(file)} AS key FROM {file.table} s
            JOIN LATERAL ({aside.ended}) e ON true
            WHERE s.sha256 IS NOT NULL AND (s.known_id IS NULL OR EXISTS (
                SELECT FROM import_changed c WHERE c.place = {place} AND c.line = s.line))
            """,  # noqa: S608
        )
        cursor.execute(
            f"""
            INSERT INTO import_exceptions
            SELECT {place}, d.line, %s, d.key, coalesce(c.column_name, %s), coalesce(c.was, ''),
                   coalesce(c.is_now, ''), d.why, %s
            FROM import_ended d LEFT JOIN import_changed c ON c.place = {place} AND c.line = d.line
            """,  # noqa: S608
            [file.csv, aside.column, aside.what_to_do],
        )
        cursor.execute(
            f"DELETE FROM import_changed c USING import_ended d WHERE c.place = {place} AND c.line = d.line"  # noqa: S608
        )
        cursor.execute(f"DELETE FROM {file.table} s USING import_ended d WHERE s.line = d.line")  # noqa: S608
        temporary.drop(cursor, "import_ended")


def count_exceptions(cursor: Any, declared: Declared, file: File) -> int:
    """Count the rows of a file that were put aside."""
    cursor.execute("SELECT count(DISTINCT line) FROM import_exceptions WHERE place = %s", [declared.place(file)])
    return int(cursor.fetchone()[0])


def exceptions(cursor: Any) -> Iterator[bytes]:
    """Go through the exceptions as CSV, a piece at a time."""
    query = """
        COPY (SELECT file, line, key, column_name AS column, was, is_now AS is, why, what_to_do
              FROM import_exceptions ORDER BY place, line, column_name) TO STDOUT (FORMAT csv, HEADER true)
    """
    with cursor.copy(query) as copy:
        for piece in copy:
            yield bytes(piece)


def write(cursor: Any, declared: Declared) -> None:
    """Write what changed, with the statements that the apps declare."""
    for file in _changeable(declared):
        lines = f"SELECT line FROM import_changed WHERE place = {declared.place(file)}"  # noqa: S608
        temporary.create_as(
            cursor,
            file.changed_table,
            f"SELECT * FROM {file.table} s WHERE known_id IS NOT NULL AND line IN ({lines})",  # noqa: S608
        )
    for part in declared.parts:
        for statement in part.change:
            cursor.execute(statement)


def _changeable(declared: Declared) -> list[File]:
    return [file for file in declared.files if file.kept.changeable]
