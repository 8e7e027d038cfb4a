"""Facts of a subscription, with what a test does not name filled in, and what is refunded of them."""

from dataclasses import replace
from decimal import Decimal

from portal.lib import days
from subscriptions import policies
from subscriptions.policies import ChargeFacts, CycleFacts, RefundPolicy, SubscriptionFacts

D = Decimal
DEFAULT = RefundPolicy(method="remaining_months", full_refund_days=14, fee=None)


def charge(
    net,
    tax="0",
    *,
    line_id=1,
    first_day=None,
    day_after=None,
    paid=None,
    credited="0",
    waived="0",
    is_external=False,
    is_live=True,
):
    """Make a charge, fully paid unless told; without days it takes those of its cycle."""
    return ChargeFacts(
        line_id=line_id,
        invoice_number=f"IN-{line_id:07}",
        first_day=first_day,
        day_after=day_after,
        net=D(net),
        tax=D(tax),
        paid=D(net) + D(tax) if paid is None else D(paid),
        credited=D(credited),
        waived=D(waived),
        is_external_invoice=is_external,
        is_live=is_live,
    )


def cycle(first_day, months, *charges, anchor=None, cycle_id=1, is_external=False):
    span = days.Span(first_day, days.add_months(first_day, months, anchor=anchor or first_day.day))
    return CycleFacts(
        cycle_id=cycle_id,
        first_day=span.first_day,
        day_after=span.day_after,
        charges=tuple(
            replace(
                one,
                first_day=one.first_day or span.first_day,
                day_after=one.day_after or span.day_after,
                is_external_invoice=one.is_external_invoice or is_external,
            )
            for one in charges
        ),
    )


def facts(*cycles, anchor=None, currency="SGD", is_trial=False, billing_plan=None):
    return SubscriptionFacts(
        currency=currency,
        anchor=anchor or cycles[0].first_day.day,
        is_trial=is_trial,
        billing_plan=billing_plan,
        cycles=cycles,
    )


def refund(subscription, on, *, is_expired_case=False, **policy):
    return policies.refund(subscription, on=on, policy=replace(DEFAULT, **policy), is_expired_case=is_expired_case)


def only_line(subscription, on, **options):
    (line,) = refund(subscription, on, **options).lines
    return line
