"""Charges, notes, subscriptions and refunds of the model, as plain rows."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
COUNTED = ("sent", "partly_applied", "applied")
OPEN = ("sent", "partly_applied")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def months_on(first_day: dt.date, count: int) -> dt.date:
    years, month = divmod(first_day.month - 1 + count, 12)
    return dt.date(first_day.year + years, month + 1, 1)


@dataclass
class Charge:
    """A line of an invoice, which may have more (`is_shared`). `sub` is "" where it belongs to no cycle."""

    sub: str
    first_day: dt.date
    months: int
    net: Decimal
    tax: Decimal
    paid: Decimal
    waived: Decimal = ZERO
    refunded_net: Decimal = ZERO
    refunded_tax: Decimal = ZERO
    put_in: Decimal = ZERO
    # What settling notes stand for: note, net, tax.
    stood: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    charged_on: dt.date = dt.date(2026, 1, 1)
    is_shared: bool = False

    @property
    def charged(self) -> Decimal:
        return self.net + self.tax

    @property
    def refunded(self) -> Decimal:
        return self.refunded_net + self.refunded_tax

    @property
    def open(self) -> Decimal:
        return self.charged - self.paid - self.waived

    @property
    def day_after(self) -> dt.date:
        return months_on(self.first_day, self.months)


@dataclass
class Note:
    """A note of one line. `charge` is "" where it names none."""

    charge: str
    net: Decimal
    tax: Decimal
    status: str = "draft"
    allocated: Decimal = ZERO
    holds: list[tuple[str, str]] = field(default_factory=list)
    # What stands in Available Credits, by charge ("" for none).
    put_in: dict[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


@dataclass
class Request:
    """An end that was asked for a later day. *Shape*: `state` as the portal has it."""

    sub: str
    ends_on: dt.date
    asked_on: dt.date
    state: str = "open"
    needs_person: bool = False


@dataclass
class Sub:
    expires_on: dt.date
    status: str = "active"
    auto_renew: bool = False
    ended: dict[str, object] | None = None
    # Renewals that were refused: the first day of the cycle, and the day of the try.
    refusals: list[tuple[dt.date, dt.date]] = field(default_factory=list)
    asked: Request | None = None
    reserved_through: dt.date | None = None

    @property
    def request(self) -> Request | None:
        """The open one."""
        return self.asked if self.asked and self.asked.state == "open" else None


@dataclass(frozen=True)
class Back:
    """What one charge gives back: the value not used, and what of it is waived and refunded."""

    value: Decimal
    value_net: Decimal
    left: Decimal
    waived: Decimal
    net: Decimal
    tax: Decimal
