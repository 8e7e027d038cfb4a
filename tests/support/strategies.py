"""Subscriptions and policies as hypothesis draws them."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from subscriptions.policies import BillingPlan, ChargeFacts, CycleFacts, RefundPolicy, SubscriptionFacts

ONE_DAY = timedelta(days=1)
DIGITS = {"JPY": 0, "SGD": 2, "KWD": 3}


def begins_month(day: date, anchor: int) -> bool:
    """Tell whether a month begins on a day, by looking at the day and the next one."""
    return day.day == anchor or (day.day < anchor and (day + ONE_DAY).month != day.month)


def walk(first_day: date, months: int, anchor: int) -> list[list[date]]:
    """List the days of a cycle, month by month."""
    found, day = [], first_day
    for _ in range(months):
        month = [day]
        day += ONE_DAY
        while not begins_month(day, anchor):
            month.append(day)
            day += ONE_DAY
        found.append(month)
    return found


# Made once: building a strategy for every draw costs more than the draw.
KINDS = st.sampled_from(["whole", "whole", "rest of month", "later months", "rest of cycle"])
NETS = st.one_of(st.integers(0, 20), st.integers(0, 10**6), st.integers(0, 10**12 - 1))
TAXES = st.sampled_from([0, 0, 5, 9, 20])
PARTS = st.one_of(st.sampled_from([0, 1000]), st.integers(0, 1000))
PLACES = st.integers(0, 10**6)
LIVE = st.sampled_from([True, True, True, False])


@st.composite
def charges(
    draw: st.DrawFn,
    months: list[list[date]],
    line_id: int,
    *,
    digits: int,
    is_external: bool = False,
    with_notes: bool = True,
    with_waivers: bool = True,
) -> ChargeFacts:
    """Draw a charge of the whole cycle, of what is left of a month, or of the months after one."""
    kind, place = draw(KINDS), draw(PLACES)
    month = months[place % len(months)]
    day = month[place % len(month)]
    end = months[-1][-1] + ONE_DAY
    first_day, day_after = {
        "whole": (months[0][0], end),
        "rest of month": (day, month[-1] + ONE_DAY),
        "later months": (month[0], end),
        "rest of cycle": (day, end),
    }[kind]
    net = draw(NETS)
    tax = net * draw(TAXES) // 100
    charged = net + tax
    paid = charged * draw(PARTS) // 1000
    credited = charged * draw(PARTS) // 1000 if with_notes else 0
    waived = (charged - max(paid, credited)) * draw(PARTS) // 1000 if with_waivers else 0

    def amount(number: int) -> Decimal:
        return Decimal(number).scaleb(-digits)

    return ChargeFacts(
        line_id=line_id,
        invoice_number=f"IN-{line_id:07}",
        first_day=first_day,
        day_after=day_after,
        net=amount(net),
        tax=amount(tax),
        paid=amount(paid),
        credited=amount(credited),
        waived=amount(waived),
        description=f"Charge {line_id}",
        is_external_invoice=is_external,
        is_live=draw(LIVE),
    )


# Around leap years, and around 2100, which is none.
YEARS = st.sampled_from([2019, 2020, 2023, 2024, 2025, 2099, 2100])
ANCHORS = st.one_of(st.sampled_from([29, 30, 31, 28, 1]), st.integers(1, 31))
LENGTHS = st.one_of(st.integers(1, 3), st.integers(1, 13))
CURRENCIES = st.sampled_from(sorted(DIGITS))
BILLING_PLANS: st.SearchStrategy[BillingPlan | None] = st.sampled_from(
    [None, None, None, None, None, "as_incurred", "milestone"]
)
SELDOM = st.integers(0, 11).map(lambda number: number == 0)
EXTERNAL = st.sampled_from([0] * 10 + [1, 2])


@st.composite
def subscriptions(
    draw: st.DrawFn, /, *, most_cycles: int = 3, plain: bool = False, **about_charges: bool
) -> tuple[SubscriptionFacts, date]:
    """Draw a subscription and a day somewhere around its cycles."""
    currency = draw(CURRENCIES)
    anchor = draw(ANCHORS)
    day = date(draw(YEARS), 1 + draw(PLACES) % 12, 1)
    while not begins_month(day, anchor):
        day += ONE_DAY
    cycles, all_days = [], []
    for number in range(1 + draw(PLACES) % most_cycles):
        skipped = draw(PLACES) % 2 if number else 0
        if skipped:
            day = walk(day, skipped, anchor)[-1][-1] + ONE_DAY
        months = walk(day, draw(LENGTHS), anchor)
        day = months[-1][-1] + ONE_DAY
        # None, all or some of its charges were invoiced elsewhere.
        external = 0 if plain else draw(EXTERNAL)
        cycles.append(
            CycleFacts(
                cycle_id=number,
                first_day=months[0][0],
                day_after=day,
                charges=tuple(
                    draw(
                        charges(
                            months,
                            10 * number + place,
                            digits=DIGITS[currency],
                            is_external=external == 1 or (external == 2 and place % 2 == 0),
                            **about_charges,
                        )
                    )
                    for place in range(draw(PLACES) % 4)
                ),
            )
        )
        all_days += [one for month in months for one in month]
    facts = SubscriptionFacts(
        currency=currency,
        anchor=anchor,
        is_trial=not plain and draw(SELDOM),
        billing_plan=None if plain else draw(BILLING_PLANS),
        cycles=tuple(cycles),
    )
    around = [all_days[0] - 20 * ONE_DAY, all_days[0] - ONE_DAY, *all_days, day, day + 20 * ONE_DAY]
    return facts, around[draw(PLACES) % len(around)]


POLICIES = st.builds(
    RefundPolicy,
    method=st.sampled_from(
        ["remaining_months", "remaining_months", "remaining_days", "remaining_days", "full", "none"]
    ),
    full_refund_days=st.one_of(st.sampled_from([14, None, 0]), st.integers(0, 60)),
    fee=st.one_of(st.none(), st.integers(0, 10**5).map(Decimal)),
)
