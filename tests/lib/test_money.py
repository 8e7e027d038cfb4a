from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import money


@pytest.mark.parametrize(
    ("currency", "digits", "unit"),
    [
        ("JPY", 0, "1"),
        ("SGD", 2, "0.01"),
        ("MGA", 2, "0.01"),
        ("KWD", 3, "0.001"),
        ("CLF", 4, "0.0001"),
        ("XCG", 2, "0.01"),
    ],
)
def test_minor_unit_is_that_of_iso_4217(currency, digits, unit):
    assert money.minor_digits(currency) == digits
    assert str(money.minor_unit(currency)) == unit


@pytest.mark.parametrize(
    "code", ["", "sgd", "SG", "SGDX", "XXX", "XTS", "XAU", "XDR", "DEM", "HRK", "ABC", "SGD ", "٣٣٣"]
)
def test_codes_that_are_no_current_currency_are_refused(code):
    assert not money.is_currency(code)
    with pytest.raises(money.UnknownCurrency) as refused:
        money.minor_digits(code)
    assert refused.value.currency == code


@pytest.mark.parametrize(
    "code", ["SGD", "MYR", "HKD", "AUD", "USD", "JPY", "KWD", "EUR", "XOF", "GBP", "VND", "SLE"]
)
def test_currencies_in_use_are_accepted(code):
    assert money.is_currency(code)


def test_every_accepted_currency_has_digits():
    assert {money.minor_digits(code) for code in money._CURRENT} == {0, 2, 3, money.MOST_MINOR_DIGITS}


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        (Decimal("0.005"), "SGD", "0.01"),
        (Decimal("0.0049999999999999999999999999999999999999"), "SGD", "0.00"),
        (Decimal("2.675"), "SGD", "2.68"),
        (Decimal("-0.005"), "SGD", "-0.01"),
        (Decimal("-0.004"), "SGD", "0.00"),
        (Decimal("-0"), "SGD", "0.00"),
        (Decimal("0.5"), "JPY", "1"),
        (Decimal("1.5"), "JPY", "2"),
        (Decimal("2.5"), "JPY", "3"),
        (Decimal("2.4999"), "JPY", "2"),
        (Decimal("1.0005"), "KWD", "1.001"),
        (Decimal("100"), "KWD", "100.000"),
        (Fraction(20, 3), "SGD", "6.67"),
        (Fraction(2, 3), "SGD", "0.67"),
        (Fraction(-2, 3), "SGD", "-0.67"),
        (Fraction(1, 200), "SGD", "0.01"),
        (Decimal("123456789012345678901234567890.125"), "SGD", "123456789012345678901234567890.13"),
    ],
)
def test_rounds_half_away_from_zero(amount, currency, rounded):
    assert str(money.round_half_up(amount, currency=currency)) == rounded


@given(amount=st.fractions(), currency=st.sampled_from(["JPY", "SGD", "KWD"]))
def test_rounding_moves_by_at_most_half_a_unit_and_is_symmetric(amount, currency):
    rounded = money.round_half_up(amount, currency=currency)
    assert abs(Fraction(rounded) - amount) <= Fraction(money.minor_unit(currency)) / 2
    assert money.round_half_up(-amount, currency=currency) == rounded.copy_negate()
    assert money.round_half_up(rounded, currency=currency) == rounded
    assert rounded.as_tuple().exponent == -money.minor_digits(currency)


@pytest.mark.parametrize(
    ("amount", "currency", "whole"),
    [
        ("1.25", "SGD", True),
        ("1.250", "SGD", True),
        ("1.255", "SGD", False),
        ("1", "JPY", True),
        ("1.5", "JPY", False),
        ("NaN", "SGD", False),
        ("Infinity", "SGD", False),
    ],
)
def test_tells_whole_minor_units(amount, currency, whole):
    assert money.is_whole(Decimal(amount), currency=currency) is whole


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("7.34", "SGD", "7.34"),
        ("100", "JPY", "100"),
        ("1.5", "KWD", "1.500"),
        ("0", "SGD", "0.00"),
        ("1E+3", "SGD", "1000.00"),
        ("-12345.6", "SGD", "-12345.60"),
    ],
)
def test_formats_plainly_in_full_minor_digits(amount, currency, written):
    assert money.format_amount(Decimal(amount), currency=currency) == written


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("50", "SGD", "SGD 50.00"),
        ("1234.5", "SGD", "SGD 1,234.50"),
        ("1000", "JPY", "JPY 1,000"),
        ("-5", "SGD", "SGD -5.00"),
        ("1234567.5", "KWD", "KWD 1,234,567.500"),
    ],
)
def test_displays_with_code_and_groups(amount, currency, written):
    assert money.display(Decimal(amount), currency=currency) == written


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("12.345", "SGD", "SGD 12.345"),
        ("12.3", "SGD", "SGD 12.30"),
        ("12.300000", "SGD", "SGD 12.30"),
        ("-1234.567891", "SGD", "SGD -1,234.567891"),
        ("0.0000005", "SGD", "SGD 0.000001"),
        ("-0.0000001", "SGD", "SGD 0.00"),
        ("1000", "JPY", "JPY 1,000"),
        ("1000.120000", "JPY", "JPY 1,000.12"),
        ("1.5", "KWD", "KWD 1.500"),
        ("0", "KWD", "KWD 0.000"),
    ],
)
def test_displays_balances_with_what_they_have(amount, currency, written):
    assert money.display_balance(Decimal(amount), currency=currency) == written


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**80), max_value=10**80),
    st.sampled_from(["JPY", "SGD", "KWD", "CLF"]),
)
def test_decimals_round_as_the_fractions_they_are(amount, currency):
    rounded = money.round_half_up(amount, currency=currency)
    by_fraction = money.round_half_up(Fraction(amount), currency=currency)
    assert (rounded.as_tuple(), str(rounded)) == (by_fraction.as_tuple(), str(by_fraction))
