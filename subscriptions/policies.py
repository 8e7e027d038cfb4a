"""Compute what the end of a subscription gives back.

Pure: facts in, amounts out; no clock, no database, no Django. What a refund method decides is one function in
`METHODS`; everything after it (notes, waiver, rounding, fee) is the same for all of them.

*Units*: amounts are `Decimal` in the subscription's currency, charges in whole minor units; stretches of days
are half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from portal.lib import days, money

BillingPlan = Literal["as_incurred", "milestone"]

ALL = Fraction(1)
NOTHING = Fraction(0)


class UnknownMethod(ValueError):
    """Say that no refund method has this name."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(f'There is no refund method "{method}"; there are {", ".join(METHODS)}.')


@dataclass(frozen=True)
class ChargeFacts:
    """Hold one invoice line that charged for (part of) a cycle.

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
    is_live: bool = True
    """False for a line of a draft or void invoice: no part of anything."""


@dataclass(frozen=True)
class CycleFacts:
    """Hold one cycle and what was charged for it."""

    cycle_id: int
    first_day: date
    day_after: date
    is_external_invoice: bool
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
    """Hold what becomes of one charge. `left` is what notes have not given back yet: waived + refund."""

    line_id: int
    invoice_number: str
    charged: Decimal
    paid: Decimal
    credited: Decimal
    value: Decimal
    left: Decimal
    waived: Decimal
    net: Decimal
    tax: Decimal
    refund: Decimal
    owed: Decimal


@dataclass(frozen=True)
class RefundLine:
    """Hold what becomes of one cycle: the sums over its charges, and the word that says why."""

    cycle_id: int
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
    """Hold the refund of a subscription: one line for each cycle by first day, the fee, and what comes back."""

    lines: tuple[RefundLine, ...]
    fee: Decimal
    total: Decimal

    @property
    def waived(self) -> Decimal:
        """Sum what is let go of what is still owed."""
        return _sum(line.waived for line in self.lines)

    @property
    def refunds(self) -> Decimal:
        """Sum the refunds of all cycles, before the fee."""
        return _sum(line.refund for line in self.lines)

    @property
    def left(self) -> Decimal:
        """Sum what notes have not given back yet, without the fee: what a note for this refund should say."""
        return _sum(charge.left for line in self.lines for charge in line.charges)


@dataclass(frozen=True)
class Asked:
    """Hold what a refund method is asked about: the days a charge covers, within its cycle, on a day."""

    covered: days.Span
    cycle: days.Span
    on: date
    anchor: int
    full_refund_days: int | None
    billing_plan: BillingPlan | None


@dataclass(frozen=True)
class Share:
    """Hold a method's answer: the part of the charge that counts as not used, 0 to 1, and the word for it."""

    part: Fraction
    reason: str


MethodFunction = Callable[[Asked], Share]


def remaining_months(asked: Asked) -> Share:
    """Share out by months: those of the charge that have not begun, of all it covers."""
    not_begun = days.months_not_begun(asked.covered, on=asked.on, anchor=asked.anchor)
    return _by_stage(asked, late=Fraction(not_begun, days.months_of(asked.covered, anchor=asked.anchor)))


def remaining_days(asked: Asked) -> Share:
    """Share out by days: those of the charge after the day asked, which itself is used, of all it covers."""
    return _by_stage(asked, late=Fraction(days.days_after(asked.covered, on=asked.on), asked.covered.days))


def full(asked: Asked) -> Share:
    """Give the whole charge as long as its cycle is not over."""
    return _by_stage(asked, late=ALL)


def none(asked: Asked) -> Share:
    """Give nothing."""
    return Share(NOTHING, "method_none")


METHODS: dict[str, MethodFunction] = {
    "remaining_months": remaining_months,
    "remaining_days": remaining_days,
    "full": full,
    "none": none,
}


def refund(facts: SubscriptionFacts, *, on: date, policy: RefundPolicy, is_expired_case: bool) -> Refund:
    """Compute what comes back, is waived and stays owed, cycle by cycle, when the subscription ends on a day.

    *Raises* `UnknownMethod`, `money.UnknownCurrency`.
    """
    method = METHODS.get(policy.method)
    if method is None:
        raise UnknownMethod(policy.method)
    lines = tuple(
        _line(cycle, facts=facts, on=on, policy=policy, method=method, is_expired_case=is_expired_case)
        for cycle in sorted(facts.cycles, key=lambda cycle: (cycle.first_day, cycle.cycle_id))
    )
    zero = money.round_half_up(Decimal(0), currency=facts.currency)
    refunds = _sum((line.refund for line in lines), start=zero)
    fee = zero if policy.fee is None else money.round_half_up(policy.fee, currency=facts.currency)
    fee = min(fee, refunds)
    return Refund(lines=lines, fee=fee, total=refunds - fee)


def _line(
    cycle: CycleFacts,
    *,
    facts: SubscriptionFacts,
    on: date,
    policy: RefundPolicy,
    method: MethodFunction,
    is_expired_case: bool,
) -> RefundLine:
    excluded = _excluded(cycle, facts=facts, is_expired_case=is_expired_case)

    def share(covered: days.Span) -> Share:
        if excluded:
            return Share(NOTHING, excluded)
        return method(
            Asked(
                covered=covered,
                cycle=whole,
                on=on,
                anchor=facts.anchor,
                full_refund_days=policy.full_refund_days,
                billing_plan=facts.billing_plan,
            )
        )

    whole = days.Span(cycle.first_day, cycle.day_after)
    charges = tuple(
        _charge(
            charge, part=share(days.Span(charge.first_day, charge.day_after)).part, currency=facts.currency
        )
        for charge in sorted(cycle.charges, key=lambda charge: (charge.first_day, charge.line_id))
        if charge.is_live
    )
    zero = money.round_half_up(Decimal(0), currency=facts.currency)
    return RefundLine(
        cycle_id=cycle.cycle_id,
        first_day=cycle.first_day,
        day_after=cycle.day_after,
        charged=_sum((charge.charged for charge in charges), start=zero),
        paid=_sum((charge.paid for charge in charges), start=zero),
        credited=_sum((charge.credited for charge in charges), start=zero),
        waived=_sum((charge.waived for charge in charges), start=zero),
        net=_sum((charge.net for charge in charges), start=zero),
        tax=_sum((charge.tax for charge in charges), start=zero),
        refund=_sum((charge.refund for charge in charges), start=zero),
        owed=_sum((charge.owed for charge in charges), start=zero),
        # The word is that of the cycle, whatever its charges cover and amount to.
        reason=share(whole).reason,
        charges=charges,
    )


def _excluded(cycle: CycleFacts, *, facts: SubscriptionFacts, is_expired_case: bool) -> str | None:
    """Name what rules a refund out before any method is asked."""
    if is_expired_case:
        return "expired"
    if facts.is_trial:
        return "trial"
    if cycle.is_external_invoice:
        # The balance was never charged for it.
        return "external_invoice"
    if facts.billing_plan == "milestone":
        return "milestone"
    return None


def _by_stage(asked: Asked, *, late: Fraction) -> Share:
    """Answer as all methods do, except for a running cycle whose window has closed: there `late` is the part."""
    if asked.on < asked.cycle.first_day:
        return Share(ALL, "not_begun")
    is_over = asked.on >= asked.cycle.day_after
    if not is_over and _is_within_window(asked):
        return Share(ALL, "within_window")
    if asked.billing_plan == "as_incurred":
        return Share(NOTHING, "contract_late")
    if is_over:
        return Share(NOTHING, "over")
    return Share(late, "remaining" if late else "used_up")


def _is_within_window(asked: Asked) -> bool:
    if asked.full_refund_days is None:
        return False
    return (asked.on - asked.cycle.first_day).days <= asked.full_refund_days


def _charge(charge: ChargeFacts, *, part: Fraction, currency: str) -> ChargeRefund:
    def rounded(amount: Decimal | Fraction) -> Decimal:
        return money.round_half_up(amount, currency=currency)

    zero = rounded(Decimal(0))
    charged = rounded(charge.net + charge.tax)
    value_net = rounded(Fraction(charge.net) * part)
    value = value_net + rounded(Fraction(charge.tax) * part)
    # What was waived before is neither owed any more nor given back once more.
    unpaid = max(zero, charged - rounded(charge.paid) - rounded(charge.waived))
    left = max(zero, value - rounded(charge.credited) - rounded(charge.waived))
    waived = min(left, unpaid)
    back = left - waived
    net = rounded(Fraction(back) * Fraction(value_net) / Fraction(value)) if value else zero
    return ChargeRefund(
        line_id=charge.line_id,
        invoice_number=charge.invoice_number,
        charged=charged,
        paid=rounded(charge.paid),
        credited=rounded(charge.credited),
        value=value,
        left=left,
        waived=waived,
        net=net,
        tax=back - net,
        refund=back,
        owed=unpaid - waived,
    )


def _sum(amounts: Iterable[Decimal], *, start: Decimal = Decimal(0)) -> Decimal:
    return sum(amounts, start=start)
