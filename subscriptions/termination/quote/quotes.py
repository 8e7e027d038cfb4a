"""The quote: what a termination would refund, under which terms. No Django.

One shape has four uses: it is shown as the preview, sealed, compared at the commit, and stored for good.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from subscriptions import policies
from subscriptions.termination.quote import lines
from subscriptions.termination.quote import notes as credit_notes

WHY_EXPIRED = "the subscription has expired"
WHY_NOTHING = {
    "over": "every cycle is over",
    "used_up": "the last month has begun",
    "trial": "it is a trial",
    "external_invoice": "it was invoiced elsewhere, so the balance was never charged",
    "milestone": "it is tied to a milestone contract",
    "contract_late": "it is tied to an as-incurred contract, and the full-refund days have closed",
}


@dataclass(frozen=True)
class Terms:
    """Hold the settings that a quote was computed under. *Shape*: `fee` is None where the currency has no fee."""

    version: int
    termination_method: str
    allow_refund: bool
    refund_method: str
    full_refund_days: int | None
    reactivation_days: int
    fee: Decimal | None

    @property
    def is_simplified(self) -> bool:
        """Tell whether the method is Simplified termination."""
        return self.termination_method == "simplified"

    @property
    def policy(self) -> policies.RefundPolicy:
        """Give the refund policy that these terms describe."""
        return policies.RefundPolicy(
            method=self.refund_method, full_refund_days=self.full_refund_days, fee=self.fee
        )


@dataclass(frozen=True)
class Quote:
    """Hold the refund of ending a subscription on a day, and the terms it is computed under.

    *Units*: amounts are in `currency`. `total` is net of the fee and ignores Allow Refund. `to_credits` is the
    amount that "No credit note has been sent" posts to Available Credits.
    *Shape*: `notes` are the credit notes that matter: they name this subscription, or are candidates.
    `further_candidates` counts the notes of the refund's amount that are not listed. `facts` are the input of the
    computation; the document leaves them out.
    """

    subscription: uuids.UUID
    organisation: uuids.UUID
    on: date
    case: str
    currency: str
    anchor: int
    is_postpaid: bool
    terms: Terms
    refund: policies.Refund
    facts: policies.SubscriptionFacts
    notes: tuple[credit_notes.Note, ...] = ()
    further_candidates: int = 0

    @property
    def total(self) -> Decimal:
        """Give the total refund, net of the fee."""
        return self.refund.total

    @property
    def to_credits(self) -> Decimal:
        """Give the automatic refund: the total, or 0 while Allow Refund is off."""
        if self.case != "customer_request" or not self.terms.allow_refund:
            return money.round_half_up(Decimal(0), currency=self.currency)
        return self.total

    @property
    def is_waiving(self) -> bool:
        """Tell whether the automatic refund also waives debt."""
        return self.case == "customer_request" and self.terms.allow_refund and self.refund.waived > 0

    @property
    def why_nothing(self) -> str:
        """Say why the automatic refund is 0; empty if it is not."""
        if self.to_credits:
            return ""
        if self.case == "expired":
            return WHY_EXPIRED
        if not self.terms.allow_refund:
            return "Allow Refund is off in Portal Config"
        if self.terms.refund_method == "none":
            return "the refund method in Portal Config is “None”"
        if self.refund.fee:
            return "the administrative fee takes all of it"
        if self.refund.waived:
            return "what was not used is set against what is still owed"
        if any(note.is_taken_off for note in self.notes):
            return "credit notes have already given it back"
        return self._why_by_cycle

    @property
    def _why_by_cycle(self) -> str:
        """Say why the running cycle refunds nothing. Without a running cycle the last one answers."""
        cycles = self.refund.lines
        if not cycles:
            return "no cycle was charged for"
        running = [line for line in cycles if line.first_day <= self.on < line.day_after]
        line = (running or cycles)[-1]
        if line.reason == "used_up" and self.terms.refund_method == "remaining_days":
            return "no day is left"
        if line.reason in WHY_NOTHING:
            return WHY_NOTHING[line.reason]
        if not line.charged:
            return "nothing was charged for the cycle"
        if line.credited:
            return "it was given back before"
        smallest = money.display(money.minor_unit(self.currency), currency=self.currency)
        return f"what was not used is worth less than {smallest}"

    @property
    def candidates(self) -> tuple[credit_notes.Note, ...]:
        """List the notes that may have been sent for this refund."""
        return tuple(note for note in self.notes if note.candidate)

    @property
    def taken_off(self) -> list[int]:
        """List the primary keys of the notes that the refund deducts."""
        return [note.note_id for note in self.notes if note.is_taken_off]

    @property
    def asks_choice(self) -> bool:
        """Tell whether the choice is asked for. Simplified termination asks only if there is a candidate."""
        return self.case == "customer_request" and (not self.terms.is_simplified or bool(self.candidates))

    def note(self, number: str) -> credit_notes.Note | None:
        """Find one of `notes` by its number."""
        return next((note for note in self.notes if note.number == number), None)


@dataclass(frozen=True)
class LinkNote:
    """Choose from Invoice app: this note is the refund. With `use_now` the same transaction uses it."""

    number: str
    use_now: bool = False


@dataclass(frozen=True)
class Automatic:
    """No credit note has been sent, or the method is Simplified: the portal refunds the total."""


Choice = LinkNote | Automatic


def document(quote: Quote) -> dict[str, Any]:
    """Serialise a quote to plain JSON, to be sealed, compared and stored with the termination.

    *Shape*: amounts are strings with all decimals of the currency; days are ISO dates; `ends_on` is inclusive. The
    quote of an expired subscription is shorter: `expired_document`.
    """

    def amount(value: Decimal) -> str:
        return money.format_amount(value, currency=quote.currency)

    refund = quote.refund
    if quote.case == "expired":
        return expired_document(
            subscription=quote.subscription,
            organisation=quote.organisation,
            on=quote.on,
            currency=quote.currency,
            terms=terms_document(quote.terms, currency=quote.currency),
            owed=[(charge.invoice_number, charge.owed) for line in refund.lines for charge in line.charges],
        )
    return {
        "schema": lines.SCHEMA,
        "subscription": str(quote.subscription),
        "organisation": str(quote.organisation),
        "on": quote.on.isoformat(),
        "case": quote.case,
        "currency": quote.currency,
        "anchor": quote.anchor,
        "is_postpaid": quote.is_postpaid,
        "terms": terms_document(quote.terms, currency=quote.currency),
        "lines": lines.written(refund, currency=quote.currency),
        "waived": amount(refund.waived),
        "left": amount(refund.left),
        "refunds": amount(refund.refunds),
        "fee": amount(refund.fee),
        "total": amount(refund.total),
        "to_credits": amount(quote.to_credits),
        "notes": [credit_notes.written(note, amount=amount) for note in quote.notes],
        "further_candidates": quote.further_candidates,
    }


def terms_document(terms: Terms, *, currency: str) -> dict[str, Any]:
    """Serialise terms as a part of a document."""
    return {
        "version": terms.version,
        "termination_method": terms.termination_method,
        "allow_refund": terms.allow_refund,
        "refund_method": terms.refund_method,
        "full_refund_days": terms.full_refund_days,
        "reactivation_days": terms.reactivation_days,
        "fee": None if terms.fee is None else money.format_amount(terms.fee, currency=currency),
    }


def expired_document(
    *,
    subscription: uuids.UUID,
    organisation: uuids.UUID,
    on: date,
    currency: str,
    terms: Mapping[str, Any],
    owed: Iterable[tuple[str, Decimal]],
) -> dict[str, Any]:
    """Serialise the quote of an expired subscription: terms, the reason for no refund, and the debt by invoice.

    Agents and the clean-up share this function, so their documents have one shape.
    *Shape*: `terms` come from `terms_document`; `owed` has a pair for each charge, its invoice and its debt.
    """
    sums: dict[str, Decimal] = {}
    for invoice, part in owed:
        if part:
            sums[invoice] = sums.get(invoice, Decimal(0)) + part
    return {
        "schema": lines.SCHEMA,
        "subscription": str(subscription),
        "organisation": str(organisation),
        "on": on.isoformat(),
        "case": "expired",
        "currency": currency,
        "terms": terms,
        "why": WHY_EXPIRED,
        "owed": [
            {"invoice": invoice, "amount": money.format_amount(sum_, currency=currency)}
            for invoice, sum_ in sums.items()
        ],
    }


def changes(*, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """Describe the differences between two quote documents, one sentence each; empty if they are equal."""
    if old == new:
        return ()
    currency = str(new["currency"])

    def shown(amount: Any) -> str:
        return money.display(Decimal(amount), currency=currency) if amount is not None else "unknown"

    said: list[str] = []
    if old.get("on") != new["on"]:
        said.append(f"The termination date is now {_day(new['on'])}; it was {_day(old.get('on'))} in the preview.")
    if old.get("case") != new["case"]:
        said.append("The subscription has expired since the preview.")
    if old.get("terms") != new["terms"]:
        said.append("Portal Config was changed since the preview.")
    if old.get("organisation") != new["organisation"]:
        said.append("The subscription now belongs to another organisation.")
    if new["case"] == "expired":
        said += _owed_changes(old=old, new=new, shown=shown)
        return tuple(said) or ("The subscription changed since the preview.",)
    cycles = {line["starts_on"]: line for line in old.get("lines", [])}
    for line in new["lines"]:
        before = cycles.pop(line["starts_on"], None)
        cycle = f"Cycle from {_day(line['starts_on'])}"
        if before is None:
            said.append(f"{cycle}: new since the preview.")
            continue
        for name, words in (
            ("charged", "charged"),
            ("paid", "paid"),
            ("credited", "given back by credit notes"),
            ("waived", "waived"),
            ("refund", "refund"),
        ):
            if before.get(name) != line[name]:
                said.append(f"{cycle}: {words} is now {shown(line[name])}; it was {shown(before.get(name))}.")
    said.extend(f"Cycle from {_day(start)}: no longer there." for start in cycles)
    said.extend(credit_notes.changes(old=old, new=new))
    if old.get("total") != new["total"]:
        said.append(f"The total refund is now {shown(new['total'])}; it was {shown(old.get('total'))}.")
    return tuple(said) or ("The subscription changed since the preview.",)


def _owed_changes(*, old: dict[str, Any], new: dict[str, Any], shown: Callable[[Any], str]) -> list[str]:
    before = {part["invoice"]: part["amount"] for part in old.get("owed", [])}
    after = {part["invoice"]: part["amount"] for part in new["owed"]}
    return [
        f"Still owed on {invoice} is now {shown(after.get(invoice, 0))}; it was {shown(before.get(invoice, 0))}."
        for invoice in [*after, *(invoice for invoice in before if invoice not in after)]
        if before.get(invoice) != after.get(invoice)
    ]


def changed_cycles(*, old: dict[str, Any], new: dict[str, Any]) -> frozenset[str]:
    """Give the first days, as ISO dates, of the cycles whose lines differ between two documents."""
    before = {line["starts_on"]: line for line in old.get("lines", [])}
    return frozenset(line["starts_on"] for line in new["lines"] if before.get(line["starts_on"]) != line)


def _day(text: object) -> str:
    try:
        return days.display(date.fromisoformat(str(text)))
    except ValueError:
        return "unknown"
