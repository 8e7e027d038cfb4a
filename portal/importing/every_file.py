"""Checks that are alike in several files: keys, and what a row refers to."""

from __future__ import annotations

from collections.abc import Iterator

from portal.importing.shapes import Check, Declared, File


def keys(declared: Declared) -> Iterator[Check]:
    for file in declared.files:
        key = ", ".join(file.key)
        given = " AND ".join(f"{name} IS NOT NULL" for name in file.key)
        said = " and ".join(file.key)
        yield Check(
            file,
            file.faulted,
            f"""
            SELECT line, format('the same {said} as in line %s, expected every key once', first)
            FROM (SELECT line, first_value(line) OVER (PARTITION BY {key} ORDER BY line) AS first
                  FROM {file.table} WHERE {given}) d
            WHERE line <> first
            """,  # noqa: S608
        )
        yield Check(
            file,
            file.faulted,
            f"""
            SELECT s.line, 'the portal has this record already, and not from an import, expected another key'
            FROM {file.table} s JOIN {file.kept.table} k ON k.id = s.known_id
            WHERE s.sha256 IS NOT NULL AND k.row_sha256 = ''
            """,  # noqa: S608
        )


def references(declared: Declared) -> Iterator[Check]:
    for file in declared.files:
        for column in file.columns:
            if column.refers:
                yield _reference(file, column.name, to=column.refers)


def _reference(file: File, name: str, *, to: File) -> Check:
    (key,) = to.key
    return Check(
        file,
        name,
        f"""
        SELECT s.line, format('"%s" is unknown, expected one of {to.csv} or of the portal', s.{name})
        FROM {file.table} s
        WHERE s.known_id IS NULL AND s.{name} IS NOT NULL
          AND NOT EXISTS (SELECT FROM {to.all_table} t WHERE t.{key} = s.{name})
        """,  # noqa: S608
        needs=(to,),
    )
