"""Add up what a list shows, by currency: a query of its own, which somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models import Sum as Total
from moneyed import Money

from portal.lib.lists import cells
from portal.lib.lists.declared import Group, List

MOST = 200
"""How many groups are shown, the largest ones."""


@dataclass(frozen=True)
class Table:
    """Sums as a table. *Shape*: cells are written; those of `numbers` stand behind those of `keys`."""

    caption: str
    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    is_cut: bool


@dataclass(frozen=True)
class Line:
    """What one group comes to in one currency. *Shape*: `amounts` in the order of the list's sums."""

    group: str
    currency: str
    count: int
    amounts: tuple[Money, ...]


def table(list_: List[Any], rows: QuerySet[Any, Any], *, by: Group | None) -> Table:
    """Write what rows come to. One query."""
    lines = added_up(list_, rows, by=by)
    return Table(
        caption=f"{list_.title} added up{f' by {by.label.lower()}' if by else ''}",
        keys=(by.label, "Currency") if by else ("Currency",),
        numbers=("Number", *(item.label for item in list_.sums)),
        rows=tuple((_keys(line, by), _numbers(line, list_)) for line in lines[:MOST]),
        is_cut=len(lines) > MOST,
    )


def _keys(line: Line, by: Group | None) -> tuple[str, ...]:
    return tuple(cells.html(key) for key in ((line.group, line.currency) if by else (line.currency,)))


def _numbers(line: Line, list_: List[Any]) -> tuple[str, ...]:
    amounts = (item.kind(amount) for item, amount in zip(list_.sums, line.amounts, strict=True))
    return tuple(cells.html(number) for number in (line.count, *amounts))


def added_up(list_: List[Any], rows: QuerySet[Any, Any], *, by: Group | None) -> list[Line]:
    """Count and add up rows by currency, and by what else they are told apart by. One query."""
    keys = [list_.currency, *([by.field] if by else [])]
    amounts = {f"sum_{place}": Total(item.field) for place, item in enumerate(list_.sums)}
    found = (
        rows.order_by().values(*keys).annotate(count=Count("pk"), **amounts).order_by("-count", *keys)[: MOST + 1]
    )
    return [
        Line(
            group=_word(row[by.field], by) if by else "",
            currency=row[list_.currency],
            count=row["count"],
            amounts=tuple(Money(row[name] or 0, row[list_.currency]) for name in amounts),
        )
        for row in found
    ]


def _word(value: Any, by: Group) -> str:
    return by.empty if value in (None, "") else by.words.get(value, str(value))
