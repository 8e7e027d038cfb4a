"""Compute what comes back, is waived and stays owed when a subscription ends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from portal.lib import days, money
from subscriptions.policies import methods
from subscriptions.policies.shapes import (
    ChargeFacts,
    ChargeRefund,
    CycleFacts,
    Refund,
    RefundLine,
    RefundPolicy,
    SubscriptionFacts,
    total,
)


def refund(facts: SubscriptionFacts, *, on: date, policy: RefundPolicy, is_expired_case: bool) -> Refund:
    """Compute what comes back, is waived and stays owed, cycle by cycle, when the subscription ends on a day.

    *Raises* `UnknownMethod`, `money.UnknownCurrency`.
    """
    method = methods.method_named(policy.method)
    lines = tuple(
        _line(cycle, facts=facts, on=on, policy=policy, method=method, is_expired_case=is_expired_case)
        for cycle in sorted(facts.cycles, key=lambda cycle: (cycle.first_day, cycle.cycle_id))
    )
    zero = money.round_half_up(Decimal(0), currency=facts.currency)
    refunds = total((line.refund for line in lines), start=zero)
    fee = zero if policy.fee is None else money.round_half_up(policy.fee, currency=facts.currency)
    fee = min(fee, refunds)
    return Refund(lines=lines, fee=fee, total=refunds - fee)


def _line(
    cycle: CycleFacts,
    *,
    facts: SubscriptionFacts,
    on: date,
    policy: RefundPolicy,
    method: methods.MethodFunction,
    is_expired_case: bool,
) -> RefundLine:
    whole = days.Span(cycle.first_day, cycle.day_after)

    def share(covered: days.Span, *, is_external: bool) -> methods.Share:
        excluded = _excluded(facts, is_external=is_external, is_expired_case=is_expired_case)
        if excluded:
            return methods.Share(methods.NOTHING, excluded)
        return method(
            methods.Asked(
                covered=covered,
                cycle=whole,
                on=on,
                anchor=facts.anchor,
                full_refund_days=policy.full_refund_days,
                billing_plan=facts.billing_plan,
            )
        )

    live = [charge for charge in cycle.charges if charge.is_live]
    charges = tuple(
        _charge(
            charge,
            share=share(_covered(charge), is_external=charge.is_external_invoice),
            on=on,
            anchor=facts.anchor,
            currency=facts.currency,
        )
        for charge in sorted(live, key=lambda charge: (charge.first_day, charge.line_id))
    )
    zero = money.round_half_up(Decimal(0), currency=facts.currency)
    return RefundLine(
        first_day=cycle.first_day,
        day_after=cycle.day_after,
        charged=total((charge.charged for charge in charges), start=zero),
        paid=total((charge.paid for charge in charges), start=zero),
        credited=total((charge.credited for charge in charges), start=zero),
        waived=total((charge.waived for charge in charges), start=zero),
        net=total((charge.net for charge in charges), start=zero),
        tax=total((charge.tax for charge in charges), start=zero),
        refund=total((charge.refund for charge in charges), start=zero),
        owed=total((charge.owed for charge in charges), start=zero),
        # The word is that of the cycle, whatever its charges cover and amount to; where all of it was invoiced
        # elsewhere, that is the word.
        reason=share(whole, is_external=bool(live) and all(charge.is_external_invoice for charge in live)).reason,
        charges=charges,
    )


def _covered(charge: ChargeFacts) -> days.Span:
    return days.Span(charge.first_day, charge.day_after)


def _excluded(facts: SubscriptionFacts, *, is_external: bool, is_expired_case: bool) -> str | None:
    """Name what rules a refund out before any method is asked."""
    if is_expired_case:
        return "expired"
    if facts.is_trial:
        return "trial"
    if is_external:
        # The balance was never charged for it.
        return "external_invoice"
    if facts.billing_plan == "milestone":
        return "milestone"
    return None


def _charge(charge: ChargeFacts, *, share: methods.Share, on: date, anchor: int, currency: str) -> ChargeRefund:
    def rounded(amount: Decimal | Fraction) -> Decimal:
        return money.round_half_up(amount, currency=currency)

    zero = rounded(Decimal(0))
    charged = rounded(charge.net + charge.tax)
    value_net = rounded(Fraction(charge.net) * share.part)
    value = value_net + rounded(Fraction(charge.tax) * share.part)
    # What was waived before is neither owed any more nor given back once more.
    unpaid = max(zero, charged - rounded(charge.paid) - rounded(charge.waived))
    left = max(zero, value - rounded(charge.credited) - rounded(charge.waived))
    waived = min(left, unpaid)
    back = left - waived
    net = rounded(Fraction(back) * Fraction(value_net) / Fraction(value)) if value else zero
    covered = _covered(charge)
    return ChargeRefund(
        line_id=charge.line_id,
        invoice_number=charge.invoice_number,
        kind=charge.kind,
        description=charge.description,
        reason=share.reason,
        months=days.months_of(covered, anchor=anchor),
        months_left=days.months_not_begun(covered, on=on, anchor=anchor),
        days=covered.days,
        days_left=days.days_after(covered, on=on),
        charged_net=rounded(charge.net),
        charged_tax=rounded(charge.tax),
        charged=charged,
        paid=rounded(charge.paid),
        credited=rounded(charge.credited),
        value=value,
        value_net=value_net,
        left=left,
        waived=waived,
        net=net,
        tax=back - net,
        refund=back,
        owed=unpaid - waived,
    )
