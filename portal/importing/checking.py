"""Find what is wrong between rows and against the database. Each check is one query: line, sentence."""

from __future__ import annotations

from typing import Any

from portal.importing import every_file
from portal.importing.faults import MOST_SHOWN, Fault, Faults
from subscriptions.imports.checks import credit_notes, cycles, numbers, subscriptions
from subscriptions.imports.files import FILES

CHECKS = (*subscriptions.CHECKS, *cycles.CHECKS, *numbers.CHECKS, *credit_notes.CHECKS)


def check(cursor: Any, *, faults: Faults, unreadable: set[str]) -> None:
    """Add the faults between rows and against the database."""
    for item in (*every_file.keys(), *every_file.references(), *every_file.decimals(), *CHECKS):
        if any(file.name in unreadable for file in item.needs):
            continue
        cursor.execute(
            f"SELECT line, sentence, count(*) OVER () FROM ({item.query}) f (line, sentence) "  # noqa: S608
            f"ORDER BY line LIMIT {MOST_SHOWN}"
        )
        found = cursor.fetchall()
        if not found:
            continue
        place = FILES.index(item.file)
        order = next(n for n, column in enumerate(item.file.columns) if column.name == item.column)
        faults.add_first(
            (Fault(place, line, order, item.file.csv, item.column, sentence) for line, sentence, _ in found),
            count=found[0][2],
        )
