"""Say what the committing step does, beside its button: the money, the service, the numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from subscriptions.termination.quote import figures, lines
from subscriptions.termination.quote.numbers import KeptNumber, Reservation

NUMBERS_SHOWN = 2
INVOICES_SHOWN = 5
ENDS = "The service stops now, and this can't be undone."
ENDS_EXPIRED = "Nothing is refunded, and this can't be undone."
NOTE = "The credit note that you picked is the refund: nothing else is refunded or waived."
USED_NOW = "What is unused of it pays what is open; the rest goes into Available Credits."
NOTHING_YET = "Nothing is written yet."


def of_money(document: Mapping[str, Any], *, why_nothing: str) -> tuple[str, ...]:
    """Say where the money goes if no credit note has been sent. *Shape*: `document` is a quote."""
    found = figures.figures(document, done=figures.automatic(document))

    def amount(value: Decimal) -> str:
        return money.display(value, currency=found.currency)

    said = [
        f"{amount(found.to_credits)} goes into Available Credits."
        if found.to_credits
        else f"Nothing is refunded: {why_nothing}."
    ]
    if len(found.cancelled) > INVOICES_SHOWN:
        total = sum((item.amount for item in found.cancelled), Decimal(0))
        said.append(f"{amount(total)} is waived on {len(found.cancelled):,} invoices.")
    else:
        said += [f"{amount(item.amount)} is waived on {item.invoice}." for item in found.cancelled]
    return tuple(said)


def of_numbers(numbers: Iterable[KeptNumber], *, on: date, reservation: Reservation) -> tuple[str, ...]:
    """Say until when which numbers stay reserved; what is ported in is kept for a time of its own."""
    said = []
    found = tuple(numbers)
    for is_ported_in, count in ((False, reservation.days), (True, reservation.days_ported_in)):
        of_kind = [kept.number for kept in found if kept.is_ported_in == is_ported_in]
        if of_kind:
            verb = "stays" if len(of_kind) == 1 else "stay"
            through = days.display(days.add_days(on, count))
            kind = " (ported in)" if is_ported_in else ""
            said.append(f"{_listed(of_kind)}{kind} {verb} reserved through {through}.")
    return tuple(said)


def invoices(document: Mapping[str, Any]) -> str:
    """Name the invoices whose charges are refunded or waived; empty where none is."""
    if not document["terms"]["allow_refund"]:
        return ""
    touched = dict.fromkeys(
        str(charge["invoice"])
        for charge in lines.charges(document)
        if Decimal(charge["refund"]) or Decimal(charge["waived"])
    )
    if not touched:
        return ""
    word = "Invoice" if len(touched) == 1 else "Invoices"
    return f"{word} {_listed(list(touched), most=INVOICES_SHOWN)}"


def _listed(items: list[str], *, most: int = NUMBERS_SHOWN) -> str:
    """Write so many, and how many there are beside them."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
