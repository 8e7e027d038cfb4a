"""Run the checks, most of them one statement of the database.

One statement sees one state of the database, and nothing is held in memory but the faults that are being told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from portal.verification import registry
from portal.verification.check import Asked, Check, Walk
from portal.verification.heads import Kept
from portal.verification.registry import Registry
from portal.verification.shapes import Fault, plain

_FETCHED_AT_ONCE = 500


@contextmanager
def without_nested_loops() -> Iterator[None]:
    """Have whole tables joined by hashing.

    On tables that nobody has analysed yet the planner believes them to be nearly empty, and would compare
    every row with every other: seen once, it went on for twenty minutes over a few thousand rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET enable_nestloop = off")
        try:
            yield
        finally:
            cursor.execute("RESET enable_nestloop")


def kinds(declared: Registry | None = None) -> tuple[str, ...]:
    """List every kind of fault, in the order in which they are told."""
    found = (declared or registry.declared()).in_order()
    checks = (check for part in found for check in part.checks)
    every = (check.kinds if isinstance(check, Walk) else (check.kind,) for check in checks)
    return tuple(dict.fromkeys(itertools.chain.from_iterable(every)))


def faults(
    *,
    at: datetime,
    kept: Iterable[Kept] = (),
    on_head: Callable[[Kept], None] = lambda head: None,
    declared: Registry | None = None,
) -> Iterator[Fault]:
    """Run every check and go through what does not agree, check by check. Reads only.

    *Units*: `at` is the instant of asking; today is a matter of time zones, so the latest date anywhere counts.
    *Shape*: `kept` are heads of an earlier run; `on_head` is told the head of each account of this one, and
    the last seal; `declared` is what the apps declare, unless it is given.
    """
    declared = declared or registry.declared()
    asked = Asked(at=at, kept=tuple(kept), on_head=on_head)
    parameters = {"latest_today": (at + timedelta(hours=14)).date(), **declared.parameters()}
    statements: list[Check] = []
    for check in itertools.chain.from_iterable(part.checks for part in declared.in_order()):
        if isinstance(check, Walk):
            yield from _wrong(statements, parameters)
            statements = []
            yield from check.faults(asked)
        else:
            statements.append(check)
    yield from _wrong(statements, parameters)


def _wrong(checks: Iterable[Check], parameters: Mapping[str, Any]) -> Iterator[Fault]:
    """Go through the rows that statements find, one statement after the other."""
    with without_nested_loops(), connection.cursor() as cursor:
        for check in checks:
            cursor.execute(check.sql, parameters)
            names = [column.name for column in cursor.description]
            while rows := cursor.fetchmany(_FETCHED_AT_ONCE):
                for row in rows:
                    values = {name: plain(value) for name, value in zip(names, row, strict=True)}
                    yield Fault(kind=check.kind, where=str(values["place"]), detail=check.says.format(**values))
