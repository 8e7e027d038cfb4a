"""What becomes of the money: the table in domain.md 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from subscriptions import quotes
from subscriptions.models import Termination
from subscriptions.operations import refusals


@dataclass(frozen=True)
class NothingDue:
    """Nothing is refunded, and why."""

    why: str


@dataclass(frozen=True)
class NoteLinked:
    """A note is the refund."""

    note: quotes.Note


@dataclass(frozen=True)
class Credited:
    """An amount goes into Available Credits."""

    amount: Decimal


Settlement = NothingDue | NoteLinked | Credited


def decide(
    quote: quotes.Quote, *, choice: quotes.Choice, acknowledged: Sequence[str]
) -> tuple[Settlement, tuple[quotes.Acknowledgement, ...]]:
    """Decide the settlement, and say what had to be acknowledged for it.

    *Raises*: CreditNoteNotUsable; AcknowledgementMissing.
    """
    note: quotes.Note | None = None
    match choice:
        case quotes.LinkNote(number=number):
            note = _chosen(quote, number=number)
        case quotes.Automatic():
            pass
        case _:
            assert_never(choice)
    required = quotes.acknowledgements(quote, choice=choice)
    missing = tuple(item for item in required if item.key not in acknowledged)
    if missing:
        raise refusals.AcknowledgementMissing(missing)
    if note is not None:
        return NoteLinked(note), required
    if quote.to_credits:
        return Credited(quote.to_credits), required
    return NothingDue(quote.why_nothing), required


def _chosen(quote: quotes.Quote, *, number: str) -> quotes.Note:
    note = quote.note(number)
    # The short flow asks no choice: it commits as "No credit note has been sent".
    is_offered = quote.case == "customer_request" and not quote.terms.is_simplified
    if not is_offered or note is None or not note.is_choosable:
        raise refusals.CreditNoteNotUsable(number)
    return note


def code(settlement: Settlement) -> str:
    """Name a settlement as the termination keeps it."""
    match settlement:
        case NothingDue():
            return Termination.Settlement.NOTHING_DUE.value
        case NoteLinked():
            return Termination.Settlement.CREDIT_NOTE_LINKED.value
        case Credited():
            return Termination.Settlement.CREDITED.value
        case _:
            assert_never(settlement)


def choice_code(choice: quotes.Choice, *, quote: quotes.Quote) -> str:
    """Name what was chosen as the termination keeps it."""
    if quote.case == "expired":
        return Termination.Choice.NONE.value
    match choice:
        case quotes.LinkNote():
            return Termination.Choice.CREDIT_NOTE.value
        case quotes.Automatic():
            automatic = Termination.Choice.SIMPLIFIED if quote.terms.is_simplified else Termination.Choice.AUTOMATIC
            return automatic.value
        case _:
            assert_never(choice)
