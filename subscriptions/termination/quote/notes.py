"""A credit note beside a quote: what it gives back of the subscription, and whether it may be its refund. Pure.

Source: domain.md 3, "Never twice".
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from portal.lib import money
from subscriptions import policies

# Why a note may have been sent for this very refund, as (a) to (d) of domain.md 3: it is taken off; it names no
# charge and has the sum; it names a twin of one of the charges; it is above what another termination needed.
Candidate = Literal["", "taken_off", "same_sum", "twin", "above"]
# Of those with the same sum this many are confirmed by name.
SAME_SUM_NAMED = 5


@dataclass(frozen=True)
class Note:
    """Hold a credit note that matters to a quote.

    *Units*: `total` is the note's, `unused` what of it is neither applied nor put in; `named` is what it gives back
    of this subscription's charges, `counting` what of that is of charges with `value`, `unnamed` what it names no
    charge for; `expected` is the sum of `left` computed without this note, no fee.
    *Shape*: `names_this` where it names one of this subscription's charges; `is_taken_off` where one of these has
    `value`; `is_choosable` where it may be the refund; `about` says what a twin or an "above" names.
    """

    note_id: int
    uuid: uuids.UUID
    number: str
    status: str
    total: Decimal
    unused: Decimal
    named: Decimal
    counting: Decimal
    unnamed: Decimal
    expected: Decimal
    names_this: bool
    is_taken_off: bool
    is_choosable: bool
    candidate: Candidate = ""
    about: str = ""

    @property
    def difference(self) -> Decimal:
        """Give what the note gives back above (or below) what this refund would be."""
        return self.counting + self.unnamed - self.expected

    @property
    def gives_nothing_today(self) -> bool:
        """Tell whether all that it names of this subscription comes to nothing today."""
        return self.names_this and not self.is_taken_off


def written(note: Note, *, amount: Callable[[Decimal], str]) -> dict[str, Any]:
    """Write a note as plain JSON; `amount` writes in the currency's digits."""
    return {
        "number": note.number,
        "status": note.status,
        "total": amount(note.total),
        "names_this": note.names_this,
        "named": amount(note.named),
        "counting": amount(note.counting),
        "unnamed": amount(note.unnamed),
        "expected": amount(note.expected),
        "is_choosable": note.is_choosable,
        "is_taken_off": note.is_taken_off,
        "candidate": note.candidate,
        "about": note.about,
    }


def offer_of(note: Note, *, currency: str) -> str:
    """Write what a choice of this note rests on: its status, and what is unused of it."""
    return f"{note.status} {money.format_amount(note.unused, currency=currency)}"


def sums_of(refunds: Iterable[policies.Refund]) -> frozenset[Decimal]:
    """Give the totals that a note for one of these refunds may have: `left`, the refunds, after the fee."""
    return frozenset(total for refund in refunds for total in (refund.left, refund.refunds, refund.total) if total)


def stands(note: Note, *, refund: policies.Refund, currency: str) -> tuple[tuple[int, Decimal, Decimal], ...]:
    """Say which charges a chosen note stands for with what it names no charge for.

    Each up to its `left`, in the quote's order; net and tax as a refund's.
    *Shape*: (line, net, tax).
    """
    rest = note.unnamed
    found: list[tuple[int, Decimal, Decimal]] = []
    for line in refund.lines:
        for charge in line.charges:
            part = min(rest, charge.left)
            if part <= 0:
                continue
            rest -= part
            net = money.round_half_up(
                Fraction(part) * Fraction(charge.value_net) / Fraction(charge.value), currency=currency
            )
            found.append((charge.line_id, net, part - net))
    return tuple(found)


def changes(*, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Say in sentences how the notes of two quote documents differ."""
    said: list[str] = []
    before = {note["number"]: note for note in old.get("notes", [])}
    for note in new["notes"]:
        was = before.pop(note["number"], None)
        if was is None:
            said.append(f"Credit note {note['number']} came in since the preview.")
        elif was != note:
            said.append(f"Credit note {note['number']} changed since the preview.")
    said.extend(f"Credit note {number} no longer counts." for number in before)
    if old.get("further_candidates", 0) != new["further_candidates"]:
        said.append("The number of unused credit notes with the sum of this refund changed since the preview.")
    return tuple(said)
