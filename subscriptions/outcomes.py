"""What the portal says after a termination, in the words of domain.md 3. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from portal.lib import money
from subscriptions import lines, quotes


class NoteUse(Protocol):
    """What became of a note that was used: what it paid, by invoice number, and what it put in."""

    @property
    def applied(self) -> tuple[tuple[str, Decimal], ...]: ...

    @property
    def put_in(self) -> Decimal: ...


def sentences(
    *,
    document: Mapping[str, Any],
    credited: Decimal | None,
    note_number: str,
    why_nothing: str,
    is_waiving: bool,
    used: NoteUse | None = None,
) -> tuple[str, ...]:
    """Say where the money went: credited, a note, or nothing and why; and what was waived on which invoice.

    *Shape*: `document` is the stored quote; `used` says what became of a note that was used at once.
    """
    currency = str(document["currency"])
    if credited is not None:
        said = [f"{money.display(credited, currency=currency)} added to Available Credits."]
    elif note_number:
        said = [f"Credit note {note_number} is the refund."]
        said += _used(used, currency=currency) if used else []
    else:
        said = [f"Nothing was refunded: {why_nothing}."]
    if is_waiving:
        said.extend(
            f"{money.display(amount, currency=currency)} was waived on {invoice}."
            for invoice, amount in lines.waived_by_invoice(document["lines"]).items()
        )
    return tuple(said)


def _used(used: NoteUse, *, currency: str) -> list[str]:
    said = [
        f"{money.display(amount, currency=currency)} of it was applied to {invoice}."
        for invoice, amount in used.applied
    ]
    if used.put_in:
        said.append(f"{money.display(used.put_in, currency=currency)} of it was added to Available Credits.")
    return said


def told(
    *,
    quote: quotes.Quote,
    credited: Decimal | None,
    note_number: str,
    why_nothing: str,
    is_waiving: bool,
    used: NoteUse | None = None,
) -> str:
    """Say the same for history, audit and notification."""
    return " ".join(
        sentences(
            document=quotes.document(quote),
            credited=credited,
            note_number=note_number,
            why_nothing=why_nothing,
            is_waiving=is_waiving,
            used=used,
        )
    )
