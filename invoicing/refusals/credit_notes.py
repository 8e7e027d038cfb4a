"""Why nothing is written on a money document: a class for each outcome. `declares.refusals` says their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from portal import frame


@dataclass(eq=False)
class AmountNotUsable(frame.Refused):
    """The amount is not positive, or has more decimals than its currency."""

    code = "amount_not_usable"
    status = 422
    field = "amount"

    amount: Decimal
    currency: str


@dataclass(eq=False)
class AmountAboveOpen(frame.Refused):
    """The amount exceeds what is open on the invoice."""

    code = "amount_above_open"
    field = "amount"

    number: str
    amount: Decimal
    open: Decimal
    currency: str


@dataclass(eq=False)
class InvoiceNotPayable(frame.Refused):
    """The invoice is a draft or void, or nothing of it is open."""

    code = "invoice_not_payable"
    field = "invoice"

    number: str
    status_of_invoice: str


@dataclass(eq=False)
class InvoiceNotCreditable(frame.Refused):
    """The invoice is a draft or void, so it charges nothing."""

    code = "invoice_not_creditable"

    number: str
    status_of_invoice: str


@dataclass(eq=False)
class ReceivedAboveOpen(frame.Refused):
    """The payment exceeds what is open, and nobody confirmed that this `surplus` goes into Available Credits.

    *Shape*: the surplus is 0 where one was confirmed, and the payment exceeds nothing any more.
    """

    code = "received_above_open"

    number: str
    amount: Decimal
    open: Decimal
    currency: str

    @property
    def surplus(self) -> Decimal:
        """Give what would go into Available Credits."""
        return max(self.amount - self.open, Decimal(0))


@dataclass(eq=False)
class PaymentLikeAnother(frame.Refused):
    """A payment with this reference, day and amount exists, and nobody confirmed that this is another one."""

    code = "payment_like_another"

    number: str
    amount: Decimal
    currency: str
    received_on: date
    reference: str
    recorded_by: str
    recorded_on: date


@dataclass(eq=False)
class SurplusAboveAccount(frame.Refused):
    """With what is received above the open amount the balance would exceed what an account can hold."""

    code = "surplus_above_account"

    surplus: Decimal
    balance: Decimal
    currency: str


@dataclass(eq=False)
class PartAboveCharge(frame.Refused):
    """A part of the payment exceeds what is open on its charge."""

    code = "part_above_charge"

    line_id: int
    amount: Decimal
    open: Decimal
    currency: str

    def __post_init__(self) -> None:
        self.field = f"charge_{self.line_id}"


@dataclass(eq=False)
class PartsAboveAmount(frame.Refused):
    """The parts of the payment exceed the payment."""

    code = "parts_above_amount"
    status = 422
    field = "amount"

    parts: Decimal
    amount: Decimal
    currency: str


@dataclass(eq=False)
class MethodNotUsable(frame.Refused):
    """Payments by this method can't be recorded by hand."""

    code = "method_not_usable"
    status = 422
    field = "method"

    method: str


@dataclass(eq=False)
class ReceivedInTheFuture(frame.Refused):
    """The day of the payment is in the future."""

    code = "received_in_the_future"
    status = 422
    field = "received_on"

    received_on: date
    today: date


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


@dataclass(eq=False)
class NothingTakenBack(frame.Refused):
    """No part was given an amount."""

    code = "nothing_taken_back"
    status = 422


@dataclass(eq=False)
class NoSuchPart(frame.Refused):
    """A part is none of this payment or note."""

    code = "no_such_part"
    status = 422

    part_id: int


@dataclass(eq=False)
class AboveWhatIsThere(frame.Refused):
    """The amount exceeds what is left of a part. *Shape*: `key` is from `selectors.key_of`."""

    code = "above_what_is_there"

    key: str
    amount: Decimal
    left: Decimal
    currency: str

    def __post_init__(self) -> None:
        self.field = self.key


@dataclass(eq=False)
class CameBackAlready(frame.Refused):
    """Available Credits got more for the charge than would stay paid. This needs a correction.

    *Shape*: at most `most` can be taken back.
    """

    code = "came_back_already"

    description: str
    number: str
    came_back: Decimal
    most: Decimal
    currency: str


@dataclass(eq=False)
class CreditsDoNotCover(frame.Refused):
    """Available Credits don't cover the amount."""

    code = "credits_do_not_cover"

    needed: Decimal
    available: Decimal
    currency: str


@dataclass(eq=False)
class RequestAlreadyUsed(frame.Refused):
    """The form was sent before, with other values."""

    code = "request_already_used"

    sentence: str
