"""Say what the next cycle of a subscription costs, charge by charge. Pure. Source: domain.md 7.

Each thing that a subscription has for it (plan, add-ons, numbers with a price) makes one charge. One that is
renewed unchanged costs what it cost, whatever its price has become; what is changed or new costs today's price.
The nightly renewal asks the same in SQL (`life/selectors/costs.py`).

*Units*: amounts are `Decimal` in the subscription's currency, net or tax as they say, in whole minor units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Literal

from portal.lib import days, money

Kind = Literal["plan", "add_on", "number"]
KINDS: tuple[Kind, ...] = ("plan", "add_on", "number")

ZERO = Decimal(0)


@dataclass(frozen=True)
class Before:
    """Hold the last charge of a thing that covered a cycle whole and was no addition.

    *Shape*: `charged_on` is the day on which it was charged; `months` are those of its cycle.
    """

    net: Decimal
    tax: Decimal
    months: int
    charged_on: date


@dataclass(frozen=True)
class Thing:
    """Hold something that a subscription has for its next cycle.

    *Shape*: `key` tells things of a kind apart. `before` is None for what is new, or was changed since.
    *Units*: the price is that of one month, net; None where the thing has none of its own.
    """

    kind: Kind
    key: int
    name: str
    price_per_month: Decimal | None
    before: Before | None = None


@dataclass(frozen=True)
class Rate:
    """Hold a tax rate of a country. *Units*: per cent of the net."""

    per_cent: Decimal
    begins_on: date


@dataclass(frozen=True)
class Taxes:
    """Hold what the present owner is taxed by: the rates of its country, in any order."""

    country: str
    rates: tuple[Rate, ...] = ()
    is_exempt: bool = False

    def rate_on(self, day: date) -> Rate | None:
        """Give the youngest rate that has begun on a day."""
        begun = (rate for rate in self.rates if rate.begins_on <= day)
        return max(begun, key=lambda rate: rate.begins_on, default=None)


@dataclass(frozen=True)
class Charge:
    """Hold a charge of the next cycle."""

    kind: Kind
    key: int
    name: str
    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """Add the tax to the net."""
        return self.net + self.tax


@dataclass(frozen=True)
class NoTaxRate:
    """Something has to be taxed, and its country has no rate on the day."""

    code: ClassVar[str] = "no_tax_rate"

    country: str
    on: date


@dataclass(frozen=True)
class NextCycle:
    """Hold the next cycle and its charges, in the order of the things. What costs nothing makes no charge."""

    span: days.Span
    months: int
    charges: tuple[Charge, ...]

    @property
    def total(self) -> Decimal:
        """Sum the charges, gross."""
        return sum((charge.total for charge in self.charges), ZERO)


def span_of(day_after: date, *, months: int, anchor: int) -> days.Span:
    """Give the days of the cycle that follows the last one, which ended before `day_after`.

    *Raises*: DayOutOfRange.
    """
    return days.Span(day_after, days.add_months(day_after, months, anchor=anchor))


def charges_of(
    things: Iterable[Thing], *, months: int, on: date, taxes: Taxes, currency: str
) -> tuple[Charge, ...] | NoTaxRate:
    """Charge for things over some months, on a day. *Raises*: UnknownCurrency."""
    charges = []
    for thing in things:
        net = _net(thing, months=months, currency=currency)
        if net is None:
            continue
        tax = _tax(thing, net=net, months=months, on=on, taxes=taxes, currency=currency)
        if isinstance(tax, NoTaxRate):
            return tax
        if net or tax:
            charges.append(Charge(thing.kind, thing.key, thing.name, net=net, tax=tax))
    return tuple(charges)


def _net(thing: Thing, *, months: int, currency: str) -> Decimal | None:
    if thing.before:
        share = Fraction(thing.before.net) * months / thing.before.months
        return money.round_half_up(share, currency=currency)
    if thing.price_per_month is None:
        return None
    return money.round_half_up(thing.price_per_month * months, currency=currency)


def _tax(thing: Thing, *, net: Decimal, months: int, on: date, taxes: Taxes, currency: str) -> Decimal | NoTaxRate:
    if taxes.is_exempt:
        return ZERO
    rate = taxes.rate_on(on)
    if (before := thing.before) and _keeps_its_share(before, rate=rate, taxes=taxes, currency=currency):
        return money.round_half_up(Fraction(before.tax) * months / before.months, currency=currency)
    if not net:
        return ZERO
    return NoTaxRate(taxes.country, on) if rate is None else _of_rate(net, rate=rate, currency=currency)


def _keeps_its_share(before: Before, *, rate: Rate | None, taxes: Taxes, currency: str) -> bool:
    """Tell whether an unchanged charge keeps its share of tax.

    It does where its tax was not that of the rate of its day, until a rate begins that is younger than the charge.
    """
    then = taxes.rate_on(before.charged_on)
    if then and before.tax == _of_rate(before.net, rate=then, currency=currency):
        return False
    return rate is None or rate.begins_on <= before.charged_on


def _of_rate(net: Decimal, *, rate: Rate, currency: str) -> Decimal:
    return money.round_half_up(Fraction(net) * Fraction(rate.per_cent) / 100, currency=currency)
