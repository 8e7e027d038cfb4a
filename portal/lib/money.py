"""Round and write amounts of money.

*Units*: amounts are `Decimal`, in whole currency units, beside the ISO 4217 code of their currency. There is
no float anywhere, and `round_half_up` is the only function that rounds.
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cache

import moneyed

# Wide enough for every amount that anybody keeps; longer ones are rounded as fractions.
_WIDE = Context(prec=60)

BALANCE_DIGITS = 6
"""Decimals a balance may carry: usage is rated in fractions of a cent."""

MOST_MINOR_DIGITS = 4
"""The most minor digits any accepted currency has (CLF and UYW)."""

# ISO 4217, list one, without the codes that have no minor unit (metals, baskets, tests, "none").
# moneyed also knows some 140 codes that are history, so that its list alone would let a typing error through.
# ANG and BGN are on their way out but still on live documents.
_CURRENT = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
    SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV
    WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a list of quoted codes would be ten times as long
)

# Newer than moneyed's list, which makes no Money of what it doesn't know.
for _code, _numeric, _name in (("XCG", "532", "Caribbean Guilder"), ("ZWG", "924", "Zimbabwe Gold")):
    if _code not in moneyed.CURRENCIES:
        moneyed.add_currency(_code, _numeric, sub_unit=100, name=_name)


class UnknownCurrency(ValueError):
    """Say that a code is no current ISO 4217 currency."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        super().__init__(f"“{currency}” is not a currency; expected a current ISO 4217 code such as SGD.")


def is_currency(code: str) -> bool:
    """Tell whether `code` is a current ISO 4217 currency with a minor unit, in upper case."""
    return code in _CURRENT


@cache
def minor_digits(currency: str) -> int:
    """Give the number of decimals of a currency: JPY 0, SGD 2, KWD 3.

    *Raises* `UnknownCurrency`.
    """
    if not is_currency(currency):
        raise UnknownCurrency(currency)
    return len(str(moneyed.get_currency(currency).sub_unit)) - 1


@cache
def digits_as_json() -> str:
    """Write the number of decimals of every currency, for statements that round in SQL."""
    return json.dumps({currency: minor_digits(currency) for currency in sorted(_CURRENT)})


def minor_unit(currency: str) -> Decimal:
    """Give the smallest amount of a currency: JPY 1, SGD 0.01, KWD 0.001.

    *Raises* `UnknownCurrency`.
    """
    return Decimal((0, (1,), -minor_digits(currency)))


def round_half_up(amount: Decimal | Fraction, *, currency: str) -> Decimal:
    """Round to the minor unit of a currency, a half away from zero.

    Exact for every fraction: no division into decimals happens before the rounding.
    *Shape*: a decimal with exactly the currency's digits, never a negative zero.
    *Raises* `UnknownCurrency`.
    """
    return _rounded(amount, digits=minor_digits(currency))


def is_whole(amount: Decimal, *, currency: str) -> bool:
    """Tell whether an amount consists of whole minor units of its currency.

    *Raises* `UnknownCurrency`.
    """
    return amount.is_finite() and amount == round_half_up(amount, currency=currency)


def format_amount(amount: Decimal, *, currency: str) -> str:
    """Write an amount as a plain decimal in the currency's full minor digits: 7.34, 100, 1.500.

    *Raises* `UnknownCurrency`.
    """
    return f"{round_half_up(amount, currency=currency):f}"


def display(amount: Decimal, *, currency: str) -> str:
    """Write an amount for people: SGD 1,234.50, JPY 1,000, SGD -5.00.

    *Raises* `UnknownCurrency`.
    """
    return f"{currency} {round_half_up(amount, currency=currency):,f}"


def display_balance(amount: Decimal, *, currency: str) -> str:
    """Write a balance for people, in minor digits or as many of six as it has: SGD 12.345, SGD 12.30.

    *Raises* `UnknownCurrency`.
    """
    least = minor_digits(currency)
    whole, _, decimals = f"{_rounded(amount, digits=BALANCE_DIGITS):,f}".partition(".")
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    return f"{currency} {whole}.{decimals}" if decimals else f"{currency} {whole}"


def _rounded(amount: Decimal | Fraction, *, digits: int) -> Decimal:
    if isinstance(amount, Decimal):
        # Much quicker than by way of fractions, and a preview rounds hundreds of amounts.
        if amount.is_finite() and -_WIDE.prec < amount.adjusted() + digits < _WIDE.prec - 1:
            rounded = amount.quantize(Decimal((0, (1,), -digits)), rounding=ROUND_HALF_UP, context=_WIDE)
            return rounded if rounded else abs(rounded)
        amount = Fraction(amount)
    units, rest = divmod(abs(amount) * 10**digits, 1)
    if rest >= Fraction(1, 2):
        units += 1
    # Built from its digits: arithmetic on decimals would cut a long one to the context's precision.
    negative = 1 if amount < 0 and units else 0
    return Decimal((negative, tuple(int(digit) for digit in str(units)), -digits))
