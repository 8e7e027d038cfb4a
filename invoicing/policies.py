"""Divide amounts over charges, and say which invoices charge. Pure: no Django, no clock, no database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from portal.lib import money

ZERO = Decimal(0)
# The statuses of invoices whose charges nobody owes: not yet, or no longer.
NOT_CHARGING = frozenset({"draft", "void"})


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
    parts = fill(amount, over=over)
    if sum((part for _, part in parts), ZERO) < amount:
        raise ValueError("The amount is more than what is open.")
    return parts


def fill(amount: Decimal, *, over: Sequence[Payable]) -> tuple[tuple[int, Decimal], ...]:
    """Fill charges in their order, each before the next, with an amount or with as much of it as is open.

    *Shape*: (line, part), parts above 0.
    """
    parts = []
    rest = amount
    for charge in over:
        part = min(rest, charge.open)
        if part > 0:
            parts.append((charge.line_id, part))
            rest -= part
    return tuple(parts)


@dataclass(frozen=True)
class Usable:
    """A charge that a note gives back (`given`), and what of it may go into Available Credits.

    *Units*: `room` is paid less what was refunded and put in before.
    """

    line_id: int
    given: Decimal
    room: Decimal


def put_in(amount: Decimal, *, free: Decimal, charges: Sequence[Usable]) -> tuple[tuple[int | None, Decimal], ...]:
    """Divide what is left of a note over the charges it gives back, each at most `given` and `room`.

    What the note gives back of no charge (`free`) comes last. What finds no place stays on the note.
    *Shape*: (line, part), None for the free part; parts above 0.
    """
    parts: list[tuple[int | None, Decimal]] = []
    rest = amount
    for charge in charges:
        part = min(rest, charge.given, charge.room)
        if part > 0:
            parts.append((charge.line_id, part))
            rest -= part
    part = min(rest, free)
    if part > 0:
        parts.append((None, part))
    return tuple(parts)


@dataclass(frozen=True)
class Reachable:
    """A charge that a note may pay: what is open of it, and what of it may go into Available Credits.

    *Units*: `room` is paid less what was refunded and put in before.
    """

    open: Decimal
    room: Decimal


@dataclass(frozen=True)
class Use:
    """What the use of a note does. *Shape*: `paid` by line, in order; `put_in` as `put_in` gives it."""

    paid: Mapping[int, Decimal]
    put_in: tuple[tuple[int | None, Decimal], ...]


def use(
    unused: Decimal,
    *,
    total: Decimal,
    named: Mapping[int, Decimal],
    stood: Mapping[int, Decimal],
    others: Sequence[int],
    before: Mapping[int | None, Decimal],
    charges: Mapping[int, Reachable],
) -> Use:
    """Pay with a note what is open, and put the rest into Available Credits.

    First the charges it names, then those it stands for, then others, in their order. *Source*: domain.md 3.
    *Shape*: `named` and `stood` say what the note gives back, by line; `before` what of it is in Available Credits
    already, None for no charge; `charges` are those it may reach.
    """
    reached = [line_id for line_id in dict.fromkeys((*named, *stood, *others)) if line_id in charges]
    paid = dict(fill(unused, over=[Payable(line_id, charges[line_id].open) for line_id in reached]))
    parts = put_in(
        unused - sum(paid.values(), ZERO),
        free=total - sum(named.values(), ZERO) - sum(stood.values(), ZERO) - before.get(None, ZERO),
        charges=[
            Usable(
                line_id=line_id,
                given=named.get(line_id, ZERO) + stood.get(line_id, ZERO) - before.get(line_id, ZERO),
                room=charges[line_id].room + paid.get(line_id, ZERO),
            )
            for line_id in reached
            if line_id in named or line_id in stood
        ],
    )
    return Use(paid=paid, put_in=parts)


def named_first(charges: Sequence[Payable], *, named: Collection[int]) -> tuple[Payable, ...]:
    """Put the charges that a note names before the others, both in the invoice's order."""
    return tuple(sorted(charges, key=lambda charge: charge.line_id not in named))


def with_parts(
    amount: Decimal, *, over: Sequence[Payable], parts: Mapping[int, Decimal]
) -> tuple[tuple[int, Decimal], ...]:
    """Spread an amount of which some parts go to charges that were said; the rest fills all in their order.

    *Shape*: as `spread`, one part a charge, in the order of the charges.
    *Raises*: ValueError where the parts are more than the amount, or than what is open.
    """
    said = {line_id: part for line_id, part in parts.items() if part}
    by_id = {charge.line_id: charge.open for charge in over}
    if sum(said.values(), ZERO) > amount or any(part > by_id.get(line_id, ZERO) for line_id, part in said.items()):
        raise ValueError("The parts are more than the amount, or than what is open.")
    rest = [Payable(charge.line_id, charge.open - said.get(charge.line_id, ZERO)) for charge in over]
    spread_rest = dict(spread(amount - sum(said.values(), ZERO), over=rest))
    whole = ((c.line_id, said.get(c.line_id, ZERO) + spread_rest.get(c.line_id, ZERO)) for c in over)
    return tuple((line_id, part) for line_id, part in whole if part)


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
