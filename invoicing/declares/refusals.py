"""Declare what the refusals of this app say."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from invoicing import policies, refusals
from invoicing.models import CreditNote, Invoice
from portal import frame
from portal.lib import days, mistakes, money


class _OfMoney(Protocol):
    currency: str


def _above_what_is_open(refusal: refusals.AmountAboveOpen | refusals.ReceivedAboveOpen) -> str:
    amount, left = _shown(refusal.amount, refusal), _shown(refusal.open, refusal)
    return f"{amount} is more than what is open on {refusal.number}: {left}."


def _invoice_not_payable(refusal: refusals.InvoiceNotPayable) -> str:
    if refusal.status_of_invoice in policies.NOT_CHARGING:
        return f"{refusal.number} is {_status(refusal.status_of_invoice)}, so nothing can be paid on it."
    return f"{refusal.number} has nothing open any more."


def _received_above_open(refusal: refusals.ReceivedAboveOpen) -> str:
    into = _shown(refusal.surplus, refusal)
    if not refusal.surplus:
        return (
            f"{_shown(refusal.open, refusal)} is open on {refusal.number} by now, so nothing of"
            f" {_shown(refusal.amount, refusal)} is left over."
        )
    if not refusal.open:
        return f"{refusal.number} has nothing open. Shall {into} go into Available Credits?"
    return f"{_above_what_is_open(refusal)} Shall the other {into} go into Available Credits?"


def _payment_like_another(refusal: refusals.PaymentLikeAnother) -> str:
    named = f"the reference {refusal.reference}" if refusal.reference else "no reference"
    return (
        f"{_shown(refusal.amount, refusal)} received on {days.display(refusal.received_on)} with {named} was"
        f" recorded on {refusal.number} already, by {refusal.recorded_by} on {days.display(refusal.recorded_on)}."
        " Is this a second payment?"
    )


def _note_not_sendable(refusal: refusals.NoteNotSendable) -> str:
    if refusal.status_of_note == CreditNote.Status.VOID:
        return f"{refusal.number} is void, so it can't be marked as Sent."
    return f"{refusal.number} was marked as Sent already."


def _note_not_voidable(refusal: refusals.NoteNotVoidable) -> str:
    match refusal.why:
        case "void":
            return f"{refusal.number} is void already."
        case "allocated":
            allocated = _shown(refusal.allocated, refusal)
            return f"{allocated} of {refusal.number} is allocated, so it can't be voided."
        case "settles":
            return f"{refusal.number} is the refund of a termination, so it can't be voided."
        case "taken_off":
            return f"{refusal.number} was taken off the refund of a termination, so it can't be voided."


def _note_not_allocatable(refusal: refusals.NoteNotAllocatable) -> str:
    why = {CreditNote.Status.DRAFT: "is a draft: mark it as Sent first", CreditNote.Status.VOID: "is void"}
    return f"{refusal.number} {why.get(CreditNote.Status(refusal.status_of_note), 'is used up')}."


def _came_back_already(refusal: refusals.CameBackAlready) -> str:
    return (
        f"{_shown(refusal.came_back, refusal)} of what was paid for “{refusal.description}” on {refusal.number}"
        f" came back already, so at most {_shown(refusal.most, refusal)} of it can be taken back."
        " What is wrong beyond that is mended by a correction."
    )


def _credits_do_not_cover(refusal: refusals.CreditsDoNotCover) -> str:
    needed, available = (
        money.display_balance(amount, currency=refusal.currency) for amount in (refusal.needed, refusal.available)
    )
    return f"{needed} is needed in Available Credits, {available} is available."


def _insufficient_credits(refusal: refusals.InsufficientCredits) -> str:
    available = money.display_balance(refusal.available, currency=refusal.currency)
    return f"{_shown(refusal.needed, refusal)} is needed, {available} is available."


def _shown(amount: Decimal, refusal: _OfMoney) -> str:
    return money.display(amount, currency=refusal.currency)


def _status(of_invoice: str) -> str:
    return Invoice.Status(of_invoice).label.lower()


frame.declare(
    {
        refusals.AmountAboveOpen: _above_what_is_open,
        refusals.InvoiceNotPayable: _invoice_not_payable,
        refusals.InvoiceNotCreditable: lambda refusal: (
            f"{refusal.number} is {_status(refusal.status_of_invoice)}, so it charged nothing to credit."
        ),
        refusals.ReceivedAboveOpen: _received_above_open,
        refusals.PaymentLikeAnother: _payment_like_another,
        refusals.SurplusAboveAccount: (
            "The balance would become larger than an account can hold. Record less, or several payments later on."
        ),
        refusals.PartAboveCharge: lambda refusal: (
            f"{_shown(refusal.amount, refusal)} is more than what is open on this charge:"
            f" {_shown(refusal.open, refusal)}."
        ),
        refusals.PartsAboveAmount: lambda refusal: (
            f"The parts by charge come to {_shown(refusal.parts, refusal)}, which is more than the payment of"
            f" {_shown(refusal.amount, refusal)}."
        ),
        refusals.MethodNotUsable: "Choose bank transfer, card or cheque.",
        refusals.ReceivedInTheFuture: lambda refusal: mistakes.in_the_future(today=refusal.today),
        refusals.NothingNamed: "Give an amount for at least one charge.",
        refusals.NoSuchCharge: lambda refusal: f"{refusal.number} has no such charge.",
        refusals.ChargeNamedTwice: "A note names each charge once.",
        refusals.AboveTheCharge: lambda refusal: (
            f"“{refusal.description}”: {_shown(refusal.amount, refusal)} {refusal.part} is more than what can still"
            f" be given back: {_shown(refusal.left, refusal)}."
        ),
        refusals.NoteAboveCharge: lambda refusal: (
            f"{refusal.number} gives back {_shown(refusal.amount, refusal)} of “{refusal.description}” on"
            f" {refusal.invoice_number}, where only {_shown(refusal.left, refusal)} is left."
            " Void it, and draft another one."
        ),
        refusals.NoteAboveCaps: (
            "The note gives back more than its charges leave. Void it, and draft another one."
        ),
        refusals.NoteOfUncharged: "The note names a charge of an invoice that charges nothing.",
        refusals.NoteNotSendable: _note_not_sendable,
        refusals.SendingAsks: lambda refusal: " ".join(map(str, refusal.questions)),
        refusals.NoteNotVoidable: _note_not_voidable,
        refusals.NoteNotAllocatable: _note_not_allocatable,
        refusals.NothingToPutIn: lambda refusal: (
            f"Nothing of {refusal.number} can be put into Available Credits: what was paid for the charges it gives"
            " back came back already. Allocate it to an invoice."
        ),
        refusals.NoteJustSettled: lambda refusal: (
            f"{refusal.number} has just become the refund of a termination. Send it again."
        ),
        refusals.NotTheSameCustomer: lambda refusal: (
            f"{refusal.number} is not an invoice of {refusal.organisation_name} in {refusal.currency}."
        ),
        refusals.AmountAboveNote: lambda refusal: (
            f"{_shown(refusal.amount, refusal)} is more than what is left of {refusal.number}:"
            f" {_shown(refusal.left, refusal)}."
        ),
        refusals.NothingTakenBack: "Give an amount for at least one part.",
        refusals.NoSuchPart: "There is no such part.",
        refusals.AboveWhatIsThere: lambda refusal: (
            f"{_shown(refusal.amount, refusal)} is more than what is still there: {_shown(refusal.left, refusal)}."
        ),
        refusals.CameBackAlready: _came_back_already,
        refusals.CreditsDoNotCover: _credits_do_not_cover,
        refusals.InsufficientCredits: _insufficient_credits,
    }
)
