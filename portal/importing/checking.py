"""Find what is wrong between rows and against the database. Each check is one query: line, sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from portal.importing import every_file
from portal.importing.faults import MOST_SHOWN, Fault, Faults
from portal.importing.shapes import Check, Declared


def check(cursor: Any, declared: Declared, *, faults: Faults, unreadable: set[str]) -> None:
    """Add the faults between rows and against the database."""
    for item in _checks(declared):
        if any(file.name in unreadable for file in item.needs):
            continue
        cursor.execute(
            f"SELECT line, sentence, count(*) OVER () FROM ({item.query}) f (line, sentence) "  # noqa: S608
            f"ORDER BY line LIMIT {MOST_SHOWN}"
        )
        found = cursor.fetchall()
        if not found:
            continue
        place, order = declared.place(item.file), item.file.place(item.column)
        faults.add_first(
            (Fault(place, line, order, item.file.csv, item.column, sentence) for line, sentence, _ in found),
            count=found[0][2],
        )


def _checks(declared: Declared) -> Iterator[Check]:
    yield from every_file.keys(declared)
    yield from every_file.references(declared)
    for part in declared.parts:
        yield from part.checks
