"""Amounts and counts are read one way: plain in files and commands, as the portal shows them in forms too."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import money, numerals
from tests.hostile import nasty

amounts = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)
INVISIBLE = (
    "\u00a0",
    "\u202f",
    "\u2009",
    "\u3000",
    "\t",
    " ",
    "\u200b",
    "\u200e",
    "\u200f",
    "\u202a",
    "\u2066",
    "\ufeff",
)


@pytest.mark.parametrize(
    ("written", "read"),
    [("0", "0"), ("7", "7"), ("007.50", "7.50"), ("1234.5", "1234.5"), ("999999999999.99", "999999999999.99")],
)
def test_an_amount_is_digits_with_a_point(written, read):
    assert numerals.amount(written, decimals=2) == Decimal(read)


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        *((text, numerals.NotAnAmount) for text in ("", " 1", "1 ", "+1", ".5", "5.", "1,5", "1,234.50", "1 000")),
        *((text, numerals.NotAnAmount) for text in ("1_0", "1e1", "1E1", "0x10", "NaN", "inf", "--1", "\u22121")),
        *((text, numerals.NotAnAmount) for text in ("１２", "٣", "1٣", "²", "½", "SGD 1", "1\u00a0", "1\n")),
        ("1.005", numerals.TooManyDecimals),
        ("1000000000000", numerals.TooLarge),
        ("0000000000001", numerals.TooLarge),
        ("-1", numerals.Negative),
        ("-0", numerals.Negative),
    ],
)
def test_whatever_else_is_no_amount(written, refused):
    with pytest.raises(refused):
        numerals.amount(written, decimals=2)


def test_an_amount_may_be_negative_where_it_makes_sense():
    assert numerals.amount("-1234.567891", decimals=6, is_signed=True) == Decimal("-1234.567891")
    with pytest.raises(numerals.TooManyDecimals):
        numerals.amount("-1.2345678", decimals=6, is_signed=True)


@pytest.mark.parametrize(("written", "count"), [("0", 0), ("28", 28), ("007", 7), (str(2**63 - 1), 2**63 - 1)])
def test_a_count_is_digits(written, count):
    assert numerals.whole(written) == count


@pytest.mark.parametrize(
    "written", ["", "2_8", " 28", "28 ", "+28", "28.0", "2e1", "1,000", "２８", "٢٨", "0x1c", "28\n", "--1", "-"]
)
def test_whatever_else_is_no_count(written):
    with pytest.raises(numerals.NotWhole):
        numerals.whole(written)


@pytest.mark.parametrize("written", ["-1", "4", "9" * 19, "9" * 5_000, "-" + "9" * 5_000])
def test_a_count_stays_in_its_range(written):
    with pytest.raises(numerals.OutOfRange) as refusal:
        numerals.whole(written, least=0, most=3)
    assert str(refusal.value).endswith("is out of range; expected a number from 0 to 3.")


@pytest.mark.parametrize("written", ["-1", str(2**63), "9" * 5_000])
def test_a_count_fits_into_eight_bytes(written):
    with pytest.raises(numerals.OutOfRange, match="expected 0 or more"):
        numerals.whole(written)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1234.5", "1234.5"),
        ("1,234.50", "1234.50"),
        ("1,234", "1234"),
        ("1,234,567.8", "1234567.8"),
        ("SGD 1,234.50", "1234.50"),
        ("SGD\u00a01,234.50", "1234.50"),
        ("SGD1,234.50", "1234.50"),
        ("SGD -5.00", "-5"),
        ("SGD \u22125.00", "-5"),
        ("-SGD 5.00", "-5"),
        ("\u22121,234.50", "-1234.50"),
        ("-0.00", "0"),
        ("\u202aSGD\u202f\u20661,234.50\u2069\u202c", "1234.50"),
    ],
)
def test_a_form_understands_what_the_portal_shows(typed, read):
    assert numerals.typed_amount(typed, decimals=2, currency="SGD", shown_decimals=2) == Decimal(read)


@pytest.mark.parametrize("mark", INVISIBLE)
def test_a_form_overlooks_what_nobody_sees_around_a_number(mark):
    assert numerals.typed_amount(f"{mark}1,234.50{mark}", decimals=2) == Decimal("1234.50")
    assert numerals.typed_whole(f"{mark}28{mark}") == 28
    for inside in (f"1{mark}234.50", f"12{mark}.50"):
        with pytest.raises(numerals.NotAnAmount):
            numerals.typed_amount(inside, decimals=2)


@pytest.mark.parametrize(
    "typed",
    [
        *("1,23", "1.234,50", "12,34,567", "1,2345", "1234,567.00", "0,123", "012,345", ",123", "1,,234", "1,234,"),
        *("1_0", "1e1", "１２", "٣٫٥", "1'234.50", "1 234.50", "5.", ".5", "--5", "- 5", "5-", "SGD", "SGD SGD 5"),
        *("-SGD -5", "sgd 5", "5 SGD", "$5", "5 CR", "1.2.3", "NaN", "Infinity"),
    ],
)
def test_a_form_refuses_what_could_be_another_value(typed):
    with pytest.raises(numerals.NotAnAmount) as refusal:
        numerals.typed_amount(typed, decimals=2, currency="SGD", shown_decimals=2)
    assert str(refusal.value).endswith(
        "is not an amount; expected a point before the decimals and commas only between thousands, "
        "such as 1234.50 or 1,234.50."
    )


def test_a_comma_that_may_be_a_decimal_point_is_asked_about():
    with pytest.raises(numerals.Ambiguous) as refusal:
        numerals.typed_amount("KWD 1,234", decimals=3, currency="KWD", shown_decimals=3)
    assert str(refusal.value) == "“1,234” can be read in two ways; expected 1234.000 or 1.234."
    # A correction may have six decimals, whatever its currency.
    with pytest.raises(numerals.Ambiguous) as refusal:
        numerals.typed_amount("1,234", decimals=6, currency="SGD", shown_decimals=2)
    assert str(refusal.value).endswith("expected 1234.00 or 1.234.")
    # What the portal itself shows like this is meant like this, and two commas are no decimal point.
    assert numerals.typed_amount("JPY 1,234", decimals=6, currency="JPY", shown_decimals=0) == 1234
    assert numerals.typed_amount("1,234,567", decimals=3, currency="KWD", shown_decimals=3) == 1234567


@pytest.mark.parametrize("typed", ["USD 5.00", "-USD 5.00", "XXX 5", "CHF5"])
def test_an_amount_of_another_currency_is_refused(typed):
    with pytest.raises(numerals.AnotherCurrency, match="expected an amount in SGD"):
        numerals.typed_amount(typed, decimals=2, currency="SGD", shown_decimals=2)


@pytest.mark.parametrize(
    ("typed", "currency", "sentence"),
    [
        ("1.005", "SGD", "“1.005” has 3 decimals; expected at most 2, which is what SGD has."),
        ("1.5", "JPY", "“1.5” has 1 decimal; expected none, which is what JPY has."),
        (
            "1,000,000,000,000",
            "JPY",
            "“1,000,000,000,000” is too large; expected at most 12 digits before the point.",
        ),
    ],
)
def test_what_a_currency_cannot_say_is_refused_in_words(typed, currency, sentence):
    digits = money.minor_digits(currency)
    with pytest.raises(numerals.Unreadable) as refusal:
        numerals.typed_amount(typed, decimals=digits, currency=currency, shown_decimals=digits)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("typed", "count"), [("28", 28), ("3,650", 3650), ("\u200e28\u00a0", 28)])
def test_a_form_understands_a_count_as_it_is_shown(typed, count):
    assert numerals.typed_whole(typed) == count


@pytest.mark.parametrize("typed", ["2_8", "28.0", "2e1", "２８", "٢٨", "1,23", "0,123", "SGD 28", "", "28 days"])
def test_a_form_takes_nothing_else_for_a_count(typed):
    with pytest.raises(numerals.NotWhole):
        numerals.typed_whole(typed)


@given(amounts, st.sampled_from(["SGD", "KWD", "JPY"]))
def test_every_amount_that_is_shown_is_read_back(amount, currency):
    digits = money.minor_digits(currency)
    rounded = money.round_half_up(amount, currency=currency)
    if rounded >= 10**12:
        return
    for written in (
        money.display(rounded, currency=currency),
        money.display(-rounded, currency=currency),
        money.format_amount(rounded, currency=currency),
    ):
        read = numerals.typed_amount(written, decimals=digits, currency=currency, shown_decimals=digits)
        assert abs(read) == rounded
        assert (read < 0) == (bool(rounded) and "-" in written)
    shown = money.display_balance(amount, currency=currency)
    assert numerals.typed_amount(shown, decimals=6, currency=currency, shown_decimals=digits) == amount


@given(st.text() | st.from_regex(r"[-+]?[0-9][0-9_.,eE]{0,8}", fullmatch=True))
def test_a_text_is_read_as_python_reads_it_without_its_commas_or_not_at_all(typed):
    try:
        read = numerals.typed_amount(typed, decimals=4, currency="SGD", shown_decimals=2)
    except numerals.Unreadable:
        return
    visible = typed.translate(dict.fromkeys(map(ord, "".join(INVISIBLE)))).replace("SGD", "")
    assert read == Decimal(visible.strip().replace(",", "").replace(numerals.MINUS, "-"))


@pytest.mark.parametrize("word", sorted(nasty.NO_NUMBERS))
def test_no_number_is_read_from_what_is_none(word):
    for read in (
        lambda: numerals.amount(word, decimals=6),
        lambda: numerals.whole(word),
        lambda: numerals.typed_whole(word),
    ):
        with pytest.raises(numerals.Unreadable):
            read()
