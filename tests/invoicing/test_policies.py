"""Dividing amounts over charges, in literals and properties."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import policies

cents = st.integers(0, 10_000).map(lambda n: D(n) / 100)


def payables(*amounts):
    return [policies.Payable(line_id=n, open=D(amount)) for n, amount in enumerate(amounts, 1)]


@pytest.mark.parametrize(
    ("amount", "open_amounts", "parts"),
    [
        ("30", ("50", "20"), ((1, D(30)),)),
        ("60", ("50", "20"), ((1, D(50)), (2, D(10)))),
        ("70", ("50", "0", "20"), ((1, D(50)), (3, D(20)))),
    ],
)
def test_an_amount_fills_one_charge_before_the_next(amount, open_amounts, parts):
    assert policies.spread(D(amount), over=payables(*open_amounts)) == parts


def test_more_than_what_is_open_cannot_be_spread():
    with pytest.raises(ValueError, match="more than what is open"):
        policies.spread(D("70.01"), over=payables("50", "20"))


def test_named_charges_come_first_in_their_own_order():
    charges = payables("1", "2", "3", "4")
    assert [c.line_id for c in policies.named_first(charges, named={4, 2})] == [2, 4, 1, 3]


@pytest.mark.parametrize(
    ("amount", "parts", "paid"),
    [
        ("10", {2: D(5)}, ((1, D(5)), (2, D(5)))),
        ("60", {2: D(5)}, ((1, D(50)), (2, D(10)))),
        ("70", {1: D(50), 2: D(20)}, ((1, D(50)), (2, D(20)))),
        ("30", {}, ((1, D(30)),)),
    ],
)
def test_parts_that_were_said_are_kept(amount, parts, paid):
    assert policies.with_parts(D(amount), over=payables("50", "20"), parts=parts) == paid


@pytest.mark.parametrize("parts", [{2: D("20.01")}, {3: D(1)}, {1: D(30), 2: D(11)}])
def test_parts_above_what_is_open_or_above_the_amount_cannot_be(parts):
    with pytest.raises(ValueError, match="parts are more"):
        policies.with_parts(D(40), over=payables("50", "20"), parts=parts)


@given(st.lists(cents, max_size=6), st.integers(0, 100))
def test_parts_add_up_and_never_pass_what_is_open(open_amounts, percent):
    whole = sum(open_amounts, D(0))
    amount = (whole * percent / 100).quantize(D("0.01"))
    parts = dict(policies.spread(amount, over=payables(*open_amounts)))
    assert sum(parts.values(), D(0)) == amount
    assert all(0 < part <= open_amounts[line - 1] for line, part in parts.items())


def charge(net="249.00", tax="22.41", noted="0", waived="0", refunded="0", given_net="0", given_tax="0"):
    sums = {name: D(value) for name, value in locals().items()}
    return policies.Creditable(currency="SGD", **sums)


@pytest.mark.parametrize(
    ("given_back", "whole"),
    [
        ({}, (D("249"), D("22.41"))),
        ({"noted": "249", "given_net": "249"}, (D(0), D("22.41"))),
        ({"refunded": "21.8", "given_net": "20", "given_tax": "1.8"}, (D("229"), D("20.61"))),
        ({"waived": "135.71"}, (D("124.50"), D("11.20"))),
        ({"noted": "271.41", "given_net": "271.41"}, (D(0), D(0))),
        ({"noted": "260", "given_net": "260"}, (D(0), D("11.41"))),
    ],
)
def test_the_whole_of_what_is_left(given_back, whole):
    assert policies.whole_of(charge(**given_back)) == whole


@given(cents, cents, st.integers(0, 100), st.integers(0, 100))
def test_the_whole_line_stays_within_every_bound(net, tax, noted_percent, waived_percent):
    given_net = (net * noted_percent / 100).quantize(D("0.01"))
    given_tax = (tax * (100 - noted_percent) / 100).quantize(D("0.01"))
    noted = given_net + given_tax
    waived = ((net + tax - noted) * waived_percent / 100).quantize(D("0.01"))
    made = charge(str(net), str(tax), str(noted), str(waived), "0", str(given_net), str(given_tax))
    whole_net, whole_tax = policies.whole_of(made)
    assert 0 <= whole_net <= made.net_left
    assert 0 <= whole_tax <= made.tax_left
    assert whole_net + whole_tax == made.left
