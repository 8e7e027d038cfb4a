"""What becomes of the money: decided by the table in domain.md 3, then written to accounts, charges and notes."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, assert_never

from customers import operations as customers_operations
from customers import refusals as customers_refusals
from customers.models import CreditAccount
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote
from invoicing.selectors import NoteUse
from portal import frame
from subscriptions.models import Termination
from subscriptions.termination import refusals
from subscriptions.termination.quote import acknowledgements, notes, quotes


@dataclass(frozen=True)
class NothingDue:
    """Nothing is refunded, and why."""

    code: ClassVar = Termination.Settlement.NOTHING_DUE
    why: str


@dataclass(frozen=True)
class NoteLinked:
    """A note is the refund; `is_used` where it is applied, and the rest put into Available Credits, at once."""

    code: ClassVar = Termination.Settlement.CREDIT_NOTE_LINKED
    note: notes.Note
    is_used: bool = False


@dataclass(frozen=True)
class Credited:
    """An amount goes into Available Credits."""

    code: ClassVar = Termination.Settlement.CREDITED
    amount: Decimal


Settlement = NothingDue | NoteLinked | Credited


@dataclass(frozen=True)
class Decided:
    """Hold the settlement, what had to be acknowledged for it, and the choice as the termination keeps it."""

    settlement: Settlement
    confirmed: tuple[acknowledgements.Acknowledgement, ...]
    choice: Termination.Choice


def decide(
    quote: quotes.Quote, *, choice: quotes.Choice, chosen: notes.Note | None, acknowledged: Sequence[str]
) -> Decided:
    """Decide the settlement.

    *Shape*: `chosen` is the note of the choice as it is now, None where it may not be the refund.
    *Raises*: CreditNoteNotUsable; AcknowledgementMissing.
    """
    settlement: Settlement
    match choice:
        case quotes.LinkNote(number=number, use_now=is_used):
            if chosen is None or not quote.asks_choice:
                raise refusals.CreditNoteNotUsable(number)
            required = acknowledgements.of_note(quote, note=chosen)
            settlement, code = NoteLinked(chosen, is_used=is_used), Termination.Choice.CREDIT_NOTE
        case quotes.Automatic():
            required = acknowledgements.of_automatic(quote)
            settlement = Credited(quote.to_credits) if quote.to_credits else NothingDue(quote.why_nothing)
            # In the short flow a candidate opens the choice; what was chosen there is said as everywhere.
            code = Termination.Choice.AUTOMATIC if quote.asks_choice else Termination.Choice.SIMPLIFIED
        case _:
            assert_never(choice)
    missing = tuple(item for item in required if item.key not in acknowledged)
    if missing:
        raise refusals.AcknowledgementMissing(missing)
    return Decided(settlement, required, Termination.Choice.NONE if quote.case == "expired" else code)


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
    """Hold whose doing it is: the termination to come, its preview, who and when.

    *Units*: `on` is the day of the commit, on which money moves; a scheduled end has an earlier day of its own.
    """

    uuid: uuids.UUID
    quote_id: uuids.UUID
    by: frame.Actor
    at: datetime
    on: date


def write(
    settlement: Settlement,
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
        case NoteLinked(note=note, is_used=is_used):
            return _link(note, is_used=is_used, quote=quote, account=account, cause=cause)
        case Credited(amount=amount):
            waived = _give_back(quote, cause=cause)
            try:
                entry = customers_operations.post_entry(
                    account=account,
                    kind="refund",
                    amount=amount,
                    cause_id=cause.uuid,
                    is_unbilled=quote.is_postpaid,
                    at=cause.at,
                    on=cause.on,
                    description=description,
                    actor=cause.by.name,
                )
            except customers_refusals.BalanceOutOfRange as refusal:
                raise refusals.CreditsOutOfRange(
                    amount=amount, balance=refusal.balance, currency=quote.currency
                ) from refusal
            return Settled(entry_id=entry.pk, credited=amount, waived=waived)
        case NothingDue(why=why):
            return Settled(waived=_give_back(quote, cause=cause), why_nothing=why)
        case _:
            assert_never(settlement)


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
    invoicing_operations.hold_notes(cause_id=cause.uuid, settles=None, taken_off=quote.taken_off)
    return sum((c.waived for c in charges), Decimal(0))


def _link(note: notes.Note, *, is_used: bool, quote: quotes.Quote, account: CreditAccount, cause: Cause) -> Settled:
    """Hold the note, write what it stands for, and use it where that was asked."""
    invoicing_operations.hold_notes(cause_id=cause.uuid, settles=note.note_id, taken_off=quote.taken_off)
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
                on=cause.on,
                by=cause.by,
                at=cause.at,
            )
        except customers_refusals.BalanceOutOfRange as refusal:
            raise refusals.CreditsOutOfRange(
                amount=note.unused, balance=refusal.balance, currency=quote.currency, note=note.number
            ) from refusal
    return Settled(note_id=note.note_id, used=used)
