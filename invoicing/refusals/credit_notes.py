"""Why a credit note is not drafted, sent, voided, allocated or put in."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from portal import frame


@dataclass(eq=False)
class NothingNamed(frame.Refused):
    """The credit note would give nothing back."""

    code = "nothing_named"
    status = 422


@dataclass(eq=False)
class NoSuchCharge(frame.Refused):
    """The invoice does not have the charge that the note would name."""

    code = "no_such_charge"
    status = 422

    number: str
    line_id: int


@dataclass(eq=False)
class ChargeNamedTwice(frame.Refused):
    """The note would name a charge twice."""

    code = "charge_named_twice"
    status = 422

    line_ids: Sequence[int]


ChargePart = Literal["net", "tax", "net and tax"]


@dataclass(eq=False)
class AboveTheCharge(frame.Refused):
    """The note would give back more of a charge than the caps leave."""

    code = "above_the_charge"
    status = 422

    line_id: int
    description: str
    part: ChargePart
    amount: Decimal
    left: Decimal
    currency: str

    def __post_init__(self) -> None:
        self.field = "" if self.part == "net and tax" else f"{self.part}_{self.line_id}"


@dataclass(eq=False)
class NoteAboveCharge(frame.Refused):
    """The draft gives back more of a charge than the caps leave by now."""

    code = "note_above_charge"

    number: str
    amount: Decimal
    description: str
    invoice_number: str
    left: Decimal
    currency: str


@dataclass(eq=False)
class NoteAboveCaps(frame.Refused):
    """The database refused the note: it gives back more than its charges leave."""

    code = "note_above_caps"

    note_uuid: UUID


@dataclass(eq=False)
class NoteOfUncharged(frame.Refused):
    """The draft names a charge of an invoice that charges nothing."""

    code = "note_of_uncharged"

    number: str


@dataclass(eq=False)
class NoteNotSendable(frame.Refused):
    """The credit note is no draft, so it can't be marked as Sent."""

    code = "note_not_sendable"

    number: str
    status_of_note: str


@dataclass(eq=False)
class SendingAsks(frame.Refused):
    """A higher app has questions about the note, and nobody confirmed that it should be sent all the same."""

    code = "sending_asks"

    questions: tuple[frame.Refused, ...]


WhyNotVoidable = Literal["void", "allocated", "settles", "taken_off"]


@dataclass(eq=False)
class NoteNotVoidable(frame.Refused):
    """The note can't be voided: it is void already, it was used, or a termination holds it.

    *Shape*: `allocated` is above 0 where that is why.
    """

    code = "note_not_voidable"

    number: str
    why: WhyNotVoidable
    allocated: Decimal
    currency: str


@dataclass(eq=False)
class NoteNotAllocatable(frame.Refused):
    """The note can't be allocated: it is a draft, void, or used up."""

    code = "note_not_allocatable"

    number: str
    status_of_note: str


@dataclass(eq=False)
class NothingToPutIn(frame.Refused):
    """Nothing of the note may go into Available Credits, and nothing is open on its charges."""

    code = "nothing_to_put_in"

    number: str


@dataclass(eq=False)
class NoteJustSettled(frame.Refused):
    """A termination linked the note while this write waited, so the charges that it settles need locks too."""

    code = "note_just_settled"

    number: str


@dataclass(eq=False)
class NotTheSameCustomer(frame.Refused):
    """The credit note and the invoice differ in organisation or currency."""

    code = "not_the_same_customer"
    field = "invoice"

    number: str
    organisation_name: str
    currency: str


@dataclass(eq=False)
class AmountAboveNote(frame.Refused):
    """The amount exceeds what is left of the credit note."""

    code = "amount_above_note"
    field = "amount"

    number: str
    amount: Decimal
    left: Decimal
    currency: str
