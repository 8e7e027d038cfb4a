"""What the documents, the terminations and the subscriptions say, each check one statement of the database.

One statement sees one state of the database, and nothing is held in memory but the faults that are being told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from customers.checks import accounts, units
from invoicing.checks import documents, series, settling, taking_back
from portal.lib import money
from portal.verification.check import Check
from portal.verification.shapes import Fault, plain
from subscriptions.checks import hashes, imported, neighbours, refunds, subscriptions, told

_FETCHED_AT_ONCE = 500

CHECKS: tuple[Check, ...] = (
    *accounts.CHECKS,
    *refunds.CHECKS,
    *documents.CHECKS,
    *settling.CHECKS,
    *taking_back.CHECKS,
    *series.CHECKS,
    *subscriptions.CHECKS,
    *neighbours.CHECKS,
    *told.CHECKS,
    *units.CHECKS,
    *imported.CHECKS,
    *hashes.CHECKS,
)


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


def _parameters(*, at: datetime) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT timezone FROM customers_organisation")
        used = [zone for (zone,) in cursor.fetchall()]
        # The table of names is a directory of files: read once. A zone that only Python knows can't be asked here.
        cursor.execute("SELECT name FROM pg_timezone_names WHERE name = ANY(%s)", [used])
        zones = [zone for (zone,) in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT currency FROM customers_organisation")
        currencies = [code for (code,) in cursor.fetchall() if money.is_currency(code)]
    return {
        "latest_today": (at + timedelta(hours=14)).date(),
        "zones": zones,
        "currencies": currencies,
        "digits": [money.minor_digits(code) for code in currencies],
    }


def faults(*, at: datetime) -> Iterator[Fault]:
    """Run every check and go through what does not agree, check by check. Reads only.

    *Units*: `at` is the instant of asking; today is a matter of time zones, so the latest date anywhere counts.
    """
    parameters = _parameters(at=at)
    for check in CHECKS:
        with without_nested_loops(), connection.cursor() as cursor:
            cursor.execute(check.sql, parameters)
            names = [column.name for column in cursor.description]
            while rows := cursor.fetchmany(_FETCHED_AT_ONCE):
                for row in rows:
                    values = {name: plain(value) for name, value in zip(names, row, strict=True)}
                    yield Fault(kind=check.kind, where=str(values["place"]), detail=check.says.format(**values))
