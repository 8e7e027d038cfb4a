"""What becomes of the money: the table in domain.md 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from subscriptions.models import Termination
from subscriptions.termination import refusals
from subscriptions.termination.quote import acknowledgements, notes, quotes


@dataclass(frozen=True)
class NothingDue:
    """Nothing is refunded, and why."""

    why: str


@dataclass(frozen=True)
class NoteLinked:
    """A note is the refund; `is_used` where it is applied, and the rest put into Available Credits, at once."""

    note: notes.Note
    is_used: bool = False


@dataclass(frozen=True)
class Credited:
    """An amount goes into Available Credits."""

    amount: Decimal


Settlement = NothingDue | NoteLinked | Credited


def decide(
    quote: quotes.Quote, *, choice: quotes.Choice, chosen: notes.Note | None, acknowledged: Sequence[str]
) -> tuple[Settlement, tuple[acknowledgements.Acknowledgement, ...]]:
    """Decide the settlement, and say what had to be acknowledged for it.

    *Shape*: `chosen` is the note of the choice as it is now, None where it may not be the refund.
    *Raises*: CreditNoteNotUsable; AcknowledgementMissing.
    """
    match choice:
        case quotes.LinkNote(number=number, use_now=is_used):
            if chosen is None or not quote.asks_choice:
                raise refusals.CreditNoteNotUsable(number)
            required = acknowledgements.of_note(quote, note=chosen)
            settlement: Settlement = NoteLinked(chosen, is_used=is_used)
        case quotes.Automatic():
            required = acknowledgements.of_automatic(quote)
            settlement = Credited(quote.to_credits) if quote.to_credits else NothingDue(quote.why_nothing)
        case _:
            assert_never(choice)
    missing = tuple(item for item in required if item.key not in acknowledged)
    if missing:
        raise refusals.AcknowledgementMissing(missing)
    return settlement, required


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
            # In the short flow a candidate opens the choice; what was chosen there is said as everywhere.
            automatic = Termination.Choice.AUTOMATIC if quote.asks_choice else Termination.Choice.SIMPLIFIED
            return automatic.value
        case _:
            assert_never(choice)
