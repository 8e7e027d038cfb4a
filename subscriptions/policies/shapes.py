"""Hold the facts a refund depends on, and the refund.

*Units*: amounts are `Decimal` in the subscription's currency, charges in whole minor units; stretches of days
are half-open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

BillingPlan = Literal["as_incurred", "milestone"]


def total(amounts: Iterable[Decimal], *, start: Decimal = Decimal(0)) -> Decimal:
    """Sum amounts of one currency."""
    return sum(amounts, start=start)


@dataclass(frozen=True)
class ChargeFacts:
    """Hold one invoice line that charged for (part of) a cycle.

    *Shape*: `kind` and `description` are those of the line.
    *Units*: `paid`, `credited` and `waived` are gross. `credited` is what counted notes naming the charge and
    earlier refunds of it gave back; `waived` is what earlier terminations or corrections let go.
    """

    line_id: int
    invoice_number: str
    first_day: date
    day_after: date
    net: Decimal
    tax: Decimal
    paid: Decimal
    credited: Decimal
    waived: Decimal = Decimal(0)
    kind: str = "plan"
    description: str = ""
    is_external_invoice: bool = False
    """True where it was invoiced elsewhere: the customer's balance was never charged."""
    is_live: bool = True
    """False for a line of a draft or void invoice: no part of anything."""


@dataclass(frozen=True)
class CycleFacts:
    """Hold one cycle and what was charged for it."""

    cycle_id: int
    first_day: date
    day_after: date
    charges: tuple[ChargeFacts, ...]


@dataclass(frozen=True)
class SubscriptionFacts:
    """Hold what the refund of a subscription depends on, cycles in any order."""

    currency: str
    anchor: int
    is_trial: bool
    billing_plan: BillingPlan | None
    cycles: tuple[CycleFacts, ...]


@dataclass(frozen=True)
class RefundPolicy:
    """Hold the settings a refund is computed under.

    *Shape*: no `full_refund_days` switches the window off, 0 leaves the first day; `fee` is that of the
    subscription's currency, None where the fee is off or the currency has none.
    """

    method: str
    full_refund_days: int | None
    fee: Decimal | None


@dataclass(frozen=True)
class ChargeRefund:
    """Hold what becomes of one charge, and all that its amounts can be computed from again.

    *Units*: `months` and `days` are those the charge covers, `months_left` those not begun on the day asked,
    `days_left` those after it. `left` is what notes have not given back yet: waived + refund.
    *Shape*: `reason` is the charge's own word: another one than that of its cycle where it covers less of it,
    or was invoiced elsewhere.
    """

    line_id: int
    invoice_number: str
    kind: str
    description: str
    reason: str
    months: int
    months_left: int
    days: int
    days_left: int
    charged_net: Decimal
    charged_tax: Decimal
    charged: Decimal
    paid: Decimal
    credited: Decimal
    value: Decimal
    value_net: Decimal
    left: Decimal
    waived: Decimal
    net: Decimal
    tax: Decimal
    refund: Decimal
    owed: Decimal


@dataclass(frozen=True)
class RefundLine:
    """Hold what becomes of one cycle: the sums over its charges, and the word that says why."""

    first_day: date
    day_after: date
    charged: Decimal
    paid: Decimal
    credited: Decimal
    waived: Decimal
    net: Decimal
    tax: Decimal
    refund: Decimal
    owed: Decimal
    reason: str
    charges: tuple[ChargeRefund, ...]


@dataclass(frozen=True)
class Refund:
    """Hold the refund of a subscription: a line for each cycle by first day, fee and total."""

    lines: tuple[RefundLine, ...]
    fee: Decimal
    total: Decimal

    @property
    def waived(self) -> Decimal:
        """Sum what is let go of what is still owed."""
        return total(line.waived for line in self.lines)

    @property
    def refunds(self) -> Decimal:
        """Sum the refunds of all cycles, before the fee."""
        return total(line.refund for line in self.lines)

    @property
    def left(self) -> Decimal:
        """Sum what notes have not given back yet, without the fee: what a note for this refund should say."""
        return total(charge.left for line in self.lines for charge in line.charges)
