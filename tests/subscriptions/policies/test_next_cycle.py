"""What the next cycle costs: in literals, and against a second way that counts in whole minor units."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import days
from subscriptions.policies import next_cycle
from subscriptions.policies.next_cycle import Before, NoTaxRate, Rate, Taxes, Thing
from tests.support.strategies import DIGITS

TODAY = date(2026, 12, 5)
GST = Taxes("SG", (Rate(Decimal(8), date(2023, 1, 1)), Rate(Decimal(9), date(2024, 1, 1))))
NONE = Taxes("SG")


def plan(price="50", *, before=None):
    return Thing("plan", 1, "SIP Trunk", Decimal(price), before)


def was(net, tax="0", *, months=1, on=date(2026, 11, 5)):
    return Before(Decimal(net), Decimal(tax), months, on)


def charged(*things, months=1, taxes=GST, currency="SGD", on=TODAY):
    found = next_cycle.charges_of(things, months=months, on=on, taxes=taxes, currency=currency)
    return found if isinstance(found, NoTaxRate) else [(str(charge.net), str(charge.tax)) for charge in found]


def test_what_is_unchanged_costs_what_it_cost():
    assert charged(plan("60", before=was("50", "4.50"))) == [("50.00", "4.50")]


def test_what_is_new_costs_todays_price():
    assert charged(plan("60"), months=3) == [("180.00", "16.20")]


def test_unchanged_over_other_months_is_a_share_half_up():
    # 249.00 over 12 months, now 1: 20.75. 100.00 over 3 months, now 1: 33.333. 0.01 over 2 months, now 1: half up.
    assert charged(plan(before=was("249.00", months=12)), taxes=NONE) == [("20.75", "0.00")]
    assert charged(plan(before=was("100.00", months=3)), taxes=NONE) == [("33.33", "0.00")]
    assert charged(plan(before=was("0.01", months=2)), taxes=NONE) == [("0.01", "0.00")]


def test_each_thing_makes_one_charge_and_what_costs_nothing_makes_none():
    recording = Thing("add_on", 7, "Call recording", Decimal("5"))
    free = Thing("add_on", 8, "Voicemail", Decimal(0))
    number = Thing("number", 9, "+6561234567", None, was("2.00", "0.18"))
    included = Thing("number", 10, "+6561234568", None)
    found = charged(plan(before=was("50", "4.50")), recording, free, number, included)
    assert found == [("50.00", "4.50"), ("5.00", "0.45"), ("2.00", "0.18")]


def test_tax_is_half_up_of_the_net_in_minor_units():
    assert charged(plan("0.50")) == [("0.50", "0.05")]  # 9 % of 0.50 is 0.045
    assert charged(plan("1005"), taxes=Taxes("JP", (Rate(Decimal(10), date(2020, 1, 1)),)), currency="JPY") == [
        ("1005", "101")  # 100.5
    ]


def test_an_unchanged_charge_of_the_rate_of_its_day_follows_the_rate_of_today():
    before = was("50", "4.00", on=date(2023, 12, 5))
    assert charged(plan(before=before)) == [("50.00", "4.50")]


def test_an_unchanged_charge_that_had_another_tax_keeps_its_share_until_a_younger_rate_begins():
    untaxed = was("50", "0", on=date(2024, 1, 1))
    assert charged(plan(before=untaxed)) == [("50.00", "0.00")]
    # The rate of 2024 is younger than a charge of the day before it began.
    older = was("50", "0", on=date(2023, 12, 31))
    assert charged(plan(before=older)) == [("50.00", "4.50")]
    assert charged(plan(before=was("120", "7", months=12, on=date(2024, 6, 1)))) == [("10.00", "0.58")]


def test_without_a_rate_what_is_unchanged_keeps_its_share_and_what_is_new_is_refused():
    assert charged(plan(before=was("50", "4.50")), taxes=NONE) == [("50.00", "4.50")]
    assert charged(plan("60"), taxes=NONE) == NoTaxRate("SG", TODAY)
    assert charged(plan("0"), taxes=NONE) == []


def test_a_rate_that_has_not_begun_is_none():
    later = Taxes("SG", (Rate(Decimal(9), TODAY + timedelta(days=1)),))
    assert charged(plan("60"), taxes=later) == NoTaxRate("SG", TODAY)
    assert charged(plan("60"), taxes=later, on=TODAY + timedelta(days=1)) == [("60.00", "5.40")]


def test_an_exempt_organisation_pays_no_tax():
    exempt = Taxes("SG", GST.rates, is_exempt=True)
    assert charged(plan("60"), plan(before=was("50", "4.50")), taxes=exempt) == [("60.00", "0"), ("50.00", "0")]


@pytest.mark.parametrize(
    ("day_after", "months", "anchor", "last_day"),
    [
        (date(2026, 12, 16), 1, 16, date(2027, 1, 15)),
        (date(2026, 1, 31), 1, 31, date(2026, 2, 27)),
        (date(2026, 2, 28), 1, 31, date(2026, 3, 30)),
        (date(2024, 2, 29), 12, 29, date(2025, 2, 27)),
        (date(2026, 2, 28), 1, 28, date(2026, 3, 27)),
    ],
)
def test_the_next_cycle_counts_from_the_anchor_day(day_after, months, anchor, last_day):
    assert next_cycle.span_of(day_after, months=months, anchor=anchor) == days.Span.inclusive(day_after, last_day)


def rounded(amount, part, whole):
    """Round amount x part / whole half up, in integers."""
    return (2 * amount * part + whole) // (2 * whole)


RATES = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 400)), max_size=4, unique_by=lambda rate: rate[1])


@given(
    currency=st.sampled_from(sorted(DIGITS)),
    months=st.integers(1, 36),
    rates=RATES,
    is_exempt=st.booleans(),
    price=st.integers(0, 10**9),
    before=st.none()
    | st.tuples(
        st.integers(0, 10**9), st.integers(0, 10**8), st.integers(1, 36), st.integers(0, 400), st.booleans()
    ),
)
def test_it_agrees_with_a_second_way(currency, months, rates, is_exempt, price, before):
    """Rates in hundredths of a per cent and days are plain numbers here; the charge is today, on day 200."""
    unit = Decimal((0, (1,), -DIGITS[currency]))
    begin = date(2026, 1, 1)

    def rate_on(day):
        begun = [(begins, rate) for rate, begins in rates if begins <= day]
        return max(begun)[1] if begun else None

    if before and before[4] and rate_on(before[3]) is not None:
        # Taxed as it should have been.
        before = (before[0], rounded(before[0], rate_on(before[3]), 10_000), *before[2:])
    net = rounded(before[0], months, before[2]) if before else price * months
    today = rate_on(200)
    tax: int | None
    if is_exempt:
        tax = 0
    elif (
        before
        and not (rate_on(before[3]) is not None and before[1] == rounded(before[0], rate_on(before[3]), 10_000))
        and (today is None or not [1 for _, begins in rates if before[3] < begins <= 200])
    ):
        tax = rounded(before[1], months, before[2])
    elif net == 0:
        tax = 0
    else:
        tax = None if today is None else rounded(net, today, 10_000)

    thing = Thing(
        "plan",
        1,
        "",
        price * unit,
        before and Before(before[0] * unit, before[1] * unit, before[2], begin + timedelta(days=before[3])),
    )
    taxes = Taxes(
        "SG",
        tuple(Rate(Decimal(rate) / 100, begin + timedelta(days=begins)) for rate, begins in rates),
        is_exempt=is_exempt,
    )
    on = begin + timedelta(days=200)
    found = next_cycle.charges_of([thing], months=months, on=on, taxes=taxes, currency=currency)
    if tax is None:
        assert found == NoTaxRate("SG", on)
    else:
        assert not isinstance(found, NoTaxRate)
        assert [(charge.net, charge.tax) for charge in found] == [(net * unit, tax * unit)] * bool(net or tax)
