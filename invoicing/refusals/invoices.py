"""Why an invoice takes no payment and no note."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal import frame


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


@dataclass(eq=False, kw_only=True)
class InsufficientCredits(frame.Refused):
    """Available Credits do not cover what is to be charged."""

    code = "insufficient_credits"

    needed: Decimal
    available: Decimal
    currency: str
