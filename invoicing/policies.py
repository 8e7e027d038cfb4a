"""Divide amounts over charges. Pure: no Django, no clock, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from portal.lib import money

ZERO = Decimal(0)


@dataclass(frozen=True)
class Payable:
    """A charge and what of it is still open."""

    line_id: int
    open: Decimal


def spread(amount: Decimal, *, over: Sequence[Payable]) -> tuple[tuple[int, Decimal], ...]:
    """Spread an amount over charges in their order, each filled before the next.

    *Shape*: (line, part), parts above 0 that add up to the amount.
    *Raises*: ValueError where the amount is more than all that is open.
    """
    parts = []
    rest = amount
    for charge in over:
        part = min(rest, charge.open)
        if part > 0:
            parts.append((charge.line_id, part))
            rest -= part
    if rest > 0:
        raise ValueError("The amount is more than what is open.")
    return tuple(parts)


@dataclass(frozen=True)
class Creditable:
    """A charge, and what was given back of it. *Units*: `noted`, `waived`, `refunded` are gross sums.

    `given_net` and `given_tax` are the parts of notes and refunds; a waiver knows no such parts.
    """

    currency: str
    net: Decimal
    tax: Decimal
    noted: Decimal
    waived: Decimal
    refunded: Decimal
    given_net: Decimal
    given_tax: Decimal

    @property
    def left(self) -> Decimal:
        """Give what the cap leaves: notes, waived and refunded together stay within the charge."""
        return self.net + self.tax - self.noted - self.waived - self.refunded

    @property
    def net_left(self) -> Decimal:
        """Give the most a further note may name as net."""
        return max(ZERO, min(self.left, self.net - self.given_net))

    @property
    def tax_left(self) -> Decimal:
        """Give the most a further note may name as tax."""
        return max(ZERO, min(self.left, self.tax - self.given_tax))


def whole_of(charge: Creditable) -> tuple[Decimal, Decimal]:
    """Give net and tax of all that a note may still give back of a charge.

    Where a waiver took a part without saying of what, the rest is divided as net and tax are left.
    """
    net, tax = max(ZERO, charge.net - charge.given_net), max(ZERO, charge.tax - charge.given_tax)
    if net + tax <= charge.left:
        return net, tax
    share = Fraction(charge.left) * Fraction(net) / Fraction(net + tax)
    net = money.round_half_up(share, currency=charge.currency)
    return net, charge.left - net
