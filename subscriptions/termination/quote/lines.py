"""The lines of a quote as plain JSON, and how those of stored quotes are read. Pure.

A stored quote says by number which shape it has; one without a number is older than the numbers: schema 0, whose
charges carry neither their words nor what they cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portal.lib import days, money
from subscriptions import policies

SCHEMA = 1
SCHEMA_WITH_WORDS = 1
"""From here on a charge carries its own words: what it is, covers and gives."""
LINE_AMOUNTS = ("charged", "paid", "credited", "waived", "net", "tax", "refund", "owed")
CHARGE_AMOUNTS = ("charged", "paid", "credited", "value", "left", "waived", "net", "tax", "refund", "owed")
COVERED = ("months", "months_left", "days", "days_left")


def schema_of(document: Mapping[str, Any]) -> int:
    """Give the number of the shape a stored quote has."""
    return int(document.get("schema", 0))


def charges(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Go through the charges of a stored quote, cycle by cycle; one of what had expired has none."""
    for line in document.get("lines", ()):
        yield from line["charges"]


def written(refund: policies.Refund, *, currency: str) -> list[dict[str, Any]]:
    """Write the lines of a refund, each with its charges.

    *Shape*: amounts are strings in the currency's full minor digits, days are ISO dates, `ends_on` inclusive; a
    charge has its own `reason`, and counts the months and days that it covers.
    """
    return [
        _line(
            line,
            charges=[
                {
                    "line_id": charge.line_id,
                    "invoice": charge.invoice_number,
                    "kind": charge.kind,
                    "description": charge.description,
                    "reason": charge.reason,
                    **{name: getattr(charge, name) for name in COVERED},
                    **_amounts(charge, ("charged_net", "charged_tax", *CHARGE_AMOUNTS), currency=currency),
                }
                for charge in line.charges
            ],
            currency=currency,
        )
        for line in refund.lines
    ]


def _line(line: policies.RefundLine, *, charges: list[dict[str, Any]], currency: str) -> dict[str, Any]:
    return {
        "starts_on": line.first_day.isoformat(),
        "ends_on": days.Span(line.first_day, line.day_after).last_day.isoformat(),
        **_amounts(line, LINE_AMOUNTS, currency=currency),
        "reason": line.reason,
        "charges": charges,
    }


def _amounts(of: object, names: Iterable[str], *, currency: str) -> dict[str, str]:
    return {name: money.format_amount(getattr(of, name), currency=currency) for name in names}
