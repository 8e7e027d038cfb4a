"""What an end does with the money, in figures: the same before it (popup, options) and after it (done, record).

Pure. Source: domain.md 3, steps 5 to 7, and "A record says what was applied".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from subscriptions.termination.quote import lines

UNUSED = ("sent", "partly_applied")


@dataclass(frozen=True)
class Part:
    """One amount that an end sets against one charge."""

    line_id: int
    invoice: str
    amount: Decimal


@dataclass(frozen=True)
class Since:
    """Hold what became of a note after the end that it settles.

    *Shape*: `kind` is applied (to `invoice`, its number), put_in, or taken_back.
    """

    kind: str
    amount: Decimal
    on: date
    by: str
    invoice: str = ""


@dataclass(frozen=True)
class Done:
    """Hold what an end writes, or would write.

    *Units*: `credited` is the entry of the refund; `put_in` what a note that is used puts into Available Credits,
    `waits` what is unused of the note after all that the end does.
    *Shape*: `waived` and `applied` (by the note) are set against charges; `note` is the number of the note that is
    the refund, empty without one; `since` is what became of it later, in order.
    """

    credited: Decimal = Decimal(0)
    waived: tuple[Part, ...] = ()
    note: str = ""
    waits: Decimal = Decimal(0)
    applied: tuple[Part, ...] = ()
    put_in: Decimal = Decimal(0)
    since: tuple[Since, ...] = ()

    @property
    def still_waits(self) -> Decimal:
        """Give what is unused of the note now."""
        return self.waits - gone(self.since)


def gone(since: Iterable[Since]) -> Decimal:
    """Sum up what was used of a note since, less what was taken back."""
    return sum((-step.amount if step.kind == "taken_back" else step.amount for step in since), Decimal(0))


@dataclass(frozen=True)
class ByInvoice:
    """An amount on one invoice."""

    invoice: str
    amount: Decimal


@dataclass(frozen=True)
class Figures:
    """Hold the figures of an end.

    *Units*: `by_note` is what waits on the note that is the refund, None where none is.
    *Shape*: `since` is what became of that note later; `unused` names the unused notes, other than that one, that
    name the subscription.
    """

    currency: str
    to_credits: Decimal
    cancelled: tuple[ByInvoice, ...]
    owed: tuple[ByInvoice, ...]
    by_note: Decimal | None
    note: str
    since: tuple[Since, ...]
    unused: tuple[str, ...]


def figures(document: Mapping[str, Any], *, done: Done) -> Figures:
    """Compute the figures of an end from its quote and from what it writes."""
    set_against = [*done.waived, *done.applied]
    by_line: dict[int, Decimal] = {}
    for part in set_against:
        by_line[part.line_id] = by_line.get(part.line_id, Decimal(0)) + part.amount
    owed = [
        Part(part.line_id, part.invoice, part.amount - by_line.get(part.line_id, Decimal(0)))
        for part in unpaid(document)
    ]
    return Figures(
        currency=str(document["currency"]),
        to_credits=done.credited + done.put_in,
        cancelled=by_invoice(set_against),
        owed=by_invoice(owed),
        by_note=done.waits if done.note else None,
        note=done.note,
        since=done.since,
        unused=tuple(
            str(note["number"])
            for note in document.get("notes", ())
            if note["names_this"] and note["status"] in UNUSED and note["number"] != done.note
        ),
    )


def automatic(document: Mapping[str, Any]) -> Done:
    """Say what "No credit note has been sent" writes, under the settings that the quote was made under."""
    if document["case"] != "customer_request" or not document["terms"]["allow_refund"]:
        return Done()
    return Done(
        credited=Decimal(document["total"]),
        waived=tuple(
            Part(charge["line_id"], charge["invoice"], Decimal(charge["waived"]))
            for charge in lines.charges(document)
            if Decimal(charge["waived"])
        ),
    )


def unpaid(document: Mapping[str, Any]) -> tuple[Part, ...]:
    """List what is open on the charges of a quote before the end sets anything against them."""
    if "lines" not in document:
        # What had expired: nothing is set against any charge, so that none is named.
        return tuple(Part(0, part["invoice"], Decimal(part["amount"])) for part in document["owed"])
    found = (
        Part(charge["line_id"], charge["invoice"], Decimal(charge["owed"]) + Decimal(charge["waived"]))
        for charge in lines.charges(document)
    )
    return tuple(part for part in found if part.amount)


def by_invoice(parts: Iterable[Part]) -> tuple[ByInvoice, ...]:
    """Sum parts by invoice, in their order; what comes to nothing is left out."""
    sums: dict[str, Decimal] = {}
    for part in parts:
        sums[part.invoice] = sums.get(part.invoice, Decimal(0)) + part.amount
    return tuple(ByInvoice(invoice, amount) for invoice, amount in sums.items() if amount)


@dataclass(frozen=True)
class Shown:
    """One figure in words."""

    term: str
    amount: str
    hints: tuple[str, ...]


def shown(
    found: Figures, *, why_nothing: str = "", to_credits_hint: str = "", is_done: bool = False
) -> tuple[Shown, ...]:
    """Write figures as people read them, the one of the note last.

    *Shape*: `why_nothing` says why nothing goes into Available Credits; `is_done` speaks of what was written.
    """

    def amount(value: Decimal) -> str:
        return money.display(value, currency=found.currency)

    def total(items: Iterable[ByInvoice]) -> str:
        return amount(sum((item.amount for item in items), Decimal(0)))

    def where(items: tuple[ByInvoice, ...]) -> tuple[str, ...]:
        if len(items) == 1:
            return (f"on {items[0].invoice}",)
        return tuple(f"{amount(item.amount)} on {item.invoice}" for item in items)

    hint = to_credits_hint if found.to_credits else why_nothing
    rows = [
        Shown("Into Available Credits", amount(found.to_credits), (hint,) if hint else ()),
        Shown("Cancelled on open invoices", total(found.cancelled), where(found.cancelled)),
        Shown("Stays owed" if is_done else "Still owed", total(found.owed), (*where(found.owed), *_unused(found))),
    ]
    if found.by_note is not None:
        rows.append(Shown("By credit note", amount(found.by_note), _waits(found, by_note=found.by_note)))
    return tuple(rows)


def inline(found: Figures) -> str:
    """Write figures in one line, as an option of many says them."""

    def amount(value: Decimal) -> str:
        return money.display(value, currency=found.currency)

    said = [
        f"{amount(found.to_credits)} into Available Credits",
        f"{amount(sum((item.amount for item in found.cancelled), Decimal(0)))} cancelled on open invoices",
        f"{amount(sum((item.amount for item in found.owed), Decimal(0)))} still owed",
    ]
    if found.by_note is not None:
        said.append(f"{amount(found.by_note)} by credit note")
    return ", ".join(said)


def _waits(found: Figures, *, by_note: Decimal) -> tuple[str, ...]:
    """Say where what waited on the note went since, step by step, and what still waits."""

    def amount(value: Decimal) -> str:
        return money.display(value, currency=found.currency)

    said = []
    for step in found.since:
        done = {
            "applied": f"applied to {step.invoice}",
            "put_in": "put into Available Credits",
            "taken_back": f"taken back of what {found.note} paid and put in",
        }[step.kind]
        said.append(f"{amount(step.amount)} {done} on {days.display(step.on)} by {step.by}")
    if not said:
        return (f"waits on {found.note}",)
    still = by_note - gone(found.since)
    return (
        *said,
        f"{amount(still)} still waits on {found.note}" if still else f"nothing waits on {found.note} now",
    )


def _unused(found: Figures) -> tuple[str, ...]:
    if not found.unused:
        return ()
    notes = found.unused
    if len(notes) == 1:
        return (f"unused credit note {notes[0]} names this subscription",)
    return (f"unused credit notes {', '.join(notes[:-1])} and {notes[-1]} name this subscription",)
