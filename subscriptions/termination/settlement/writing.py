"""Write what a settlement does to money documents: entry, waivers, refunds, holds, and what a note stands for."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from customers import operations as customers_operations
from customers.models import CreditAccount
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote
from invoicing.selectors import NoteUse
from portal.audit import operations as audit_operations
from subscriptions.termination import refusals
from subscriptions.termination.quote import notes, quotes
from subscriptions.termination.settlement import deciding


@dataclass(frozen=True)
class Settled:
    """Hold what was written, as the termination keeps it; `used` where the linked note was used at once."""

    entry_id: int | None = None
    note_id: int | None = None
    credited: Decimal | None = None
    waived: Decimal = Decimal(0)
    why_nothing: str = ""
    used: NoteUse | None = None


@dataclass(frozen=True)
class Cause:
    """Hold whose doing it is: the termination to come, its preview, who and when."""

    uuid: uuids.UUID
    quote_id: uuids.UUID
    by: audit_operations.Actor
    at: datetime


def write(
    settlement: deciding.Settlement,
    *,
    quote: quotes.Quote,
    account: CreditAccount,
    cause: Cause,
    description: str,
) -> Settled:
    """Write a settlement; the caller holds all locks.

    *Raises*: CreditsOutOfRange; IntegrityError by the name of the cap or key that would be broken.
    """
    match settlement:
        case deciding.NoteLinked(note=note, is_used=is_used):
            return _link(note, is_used=is_used, quote=quote, account=account, cause=cause)
        case deciding.Credited(amount=amount):
            waived = _give_back(quote, cause=cause)
            entry_id = _post(quote, amount=amount, account=account, cause=cause, description=description)
            return Settled(entry_id=entry_id, credited=amount, waived=waived)
        case deciding.NothingDue(why=why):
            return Settled(waived=_give_back(quote, cause=cause), why_nothing=why)
        case _:
            assert_never(settlement)


def _post(quote: quotes.Quote, *, amount: Decimal, account: CreditAccount, cause: Cause, description: str) -> int:
    try:
        return customers_operations.post_entry(
            account=account,
            kind="refund",
            amount=amount,
            cause_id=cause.uuid,
            is_unbilled=quote.is_postpaid,
            at=cause.at,
            on=quote.on,
            description=description,
            actor=cause.by.name,
        ).pk
    except customers_operations.BalanceOutOfRange as refusal:
        raise refusals.CreditsOutOfRange(
            amount=amount, balance=refusal.balance, currency=quote.currency
        ) from refusal


def _give_back(quote: quotes.Quote, *, cause: Cause) -> Decimal:
    """Write waivers and refunds of charges and hold the notes taken off; say what was waived.

    While Allow Refund is off, and of what has expired, nothing is given back by the system.
    """
    if quote.case != "customer_request" or not quote.terms.allow_refund:
        return Decimal(0)
    charges = [charge for line in quote.refund.lines for charge in line.charges]
    invoicing_operations.write_giveback(
        cause_id=cause.uuid,
        waivers=[(c.line_id, quote.currency, c.waived) for c in charges if c.waived],
        refunds=[(c.line_id, quote.currency, c.net, c.tax) for c in charges if c.refund],
    )
    invoicing_operations.hold_notes(cause_id=cause.uuid, settles=None, taken_off=_taken_off(quote))
    return sum((c.waived for c in charges), Decimal(0))


def _link(note: notes.Note, *, is_used: bool, quote: quotes.Quote, account: CreditAccount, cause: Cause) -> Settled:
    """Hold the note, write what it stands for, and use it where that was asked."""
    invoicing_operations.hold_notes(cause_id=cause.uuid, settles=note.note_id, taken_off=_taken_off(quote))
    invoicing_operations.write_stands(
        note_id=note.note_id,
        cause_id=cause.uuid,
        currency=quote.currency,
        stands=notes.stands(note, refund=quote.refund, currency=quote.currency),
    )
    used = None
    if is_used and note.unused:
        try:
            used = invoicing_operations.use_note(
                note=CreditNote.objects.select_related("organisation").get(pk=note.note_id),
                others=[charge.line_id for line in quote.refund.lines for charge in line.charges],
                account=account,
                request_id=cause.quote_id,
                on=quote.on,
                by=cause.by,
                at=cause.at,
            )
        except customers_operations.BalanceOutOfRange as refusal:
            raise refusals.CreditsOutOfRange(
                amount=note.unused, balance=refusal.balance, currency=quote.currency, note=note.number
            ) from refusal
    return Settled(note_id=note.note_id, used=used)


def _taken_off(quote: quotes.Quote) -> list[int]:
    return [note.note_id for note in quote.notes if note.is_taken_off]
