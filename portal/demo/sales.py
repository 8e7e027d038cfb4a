"""Sell a subscription in the demo: cycles that begin and end on the days a story needs, billed and paid."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from customers.models import Organisation
from invoicing.models import ChargeLine, Invoice
from portal.demo import catalogue, documents, purchases
from portal.demo.book import ZERO, Book
from portal.demo.purchases import Item
from portal.lib import days
from subscriptions.models import Cycle, Subscription
from subscriptions.policies import identity


@dataclass(frozen=True)
class Billed:
    """Hold a cycle with its days, the invoice that charged for it, and its lines there."""

    cycle: Cycle
    span: days.Span
    invoice: Invoice
    billed_on: date
    lines: tuple[ChargeLine, ...]


@dataclass(frozen=True)
class Sale:
    """Hold a subscription with everything that was billed for it, the oldest cycle first."""

    subscription: Subscription
    billed: tuple[Billed, ...]

    def covering(self, day: date) -> Billed:
        """Give the cycle that runs on a day."""
        return next(billed for billed in self.billed if day in billed.span)


@dataclass(frozen=True)
class Rhythm:
    """Hold when a subscription starts, and its cycles of `months` months."""

    started_on: date
    months: int
    cycles: int

    @property
    def spans(self) -> tuple[days.Span, ...]:
        """Give the days of every cycle."""
        anchor = self.started_on.day
        starts = [
            days.add_months(self.started_on, self.months * index, anchor=anchor) for index in range(self.cycles + 1)
        ]
        return tuple(days.Span(first, after) for first, after in pairwise(starts))


def running_since(first_day: date, *, months: int, earlier: int = 0, advance: int = 0) -> Rhythm:
    """Let the cycle that begins on `first_day` come after about `earlier` others."""
    start, before = _start(first_day, months=months, wanted=earlier, least=0)
    return Rhythm(started_on=start, months=months, cycles=before + 1 + advance)


def ending_on(last_day: date, *, months: int, earlier: int = 0) -> Rhythm:
    """Let the last cycle end on `last_day`, after about `earlier` others."""
    start, before = _start(last_day + timedelta(days=1), months=months, wanted=earlier + 1, least=1)
    return Rhythm(started_on=start, months=months, cycles=before)


def anchored(anchor: int, *, today: date, months: int, earlier: int = 0) -> Rhythm:
    """Start on a day of the month that short months do not have, and go on until today is covered."""
    month = days.add_months(today, -months * earlier - 1, anchor=1)
    start = days.add_months(month, 0, anchor=anchor)
    while start.day != anchor:
        month = days.add_months(month, -1, anchor=1)
        start = days.add_months(month, 0, anchor=anchor)
    cycles = 1
    while days.add_months(start, months * cycles, anchor=anchor) <= today:
        cycles += 1
    return Rhythm(started_on=start, months=months, cycles=cycles)


def _start(boundary: date, *, months: int, wanted: int, least: int) -> tuple[date, int]:
    """Find a start on the same day of the month, some cycles before a boundary: as near to `wanted` as can be."""
    for number in sorted(range(least, 61), key=lambda number: abs(number - wanted)):
        start = days.add_months(boundary, -months * number, anchor=boundary.day)
        if start.day == boundary.day:
            return start, number
    raise AssertionError(f"no start for {boundary}")  # a 29 February comes back within 60 cycles of a year


def sell(
    book: Book,
    organisation: Organisation,
    code: str,
    rhythm: Rhythm,
    *,
    add_ons: Iterable[str] = (),
    numbers: int = 0,
    ported_in: int = 0,
    activation_fee: bool = False,
    auto_renew: bool = True,
    is_trial: bool = False,
    is_external: bool = False,
    lags: bool = False,
    price: Decimal | None = None,
    renewed_early: bool = True,
    onto: Sale | None = None,
) -> Sale:
    """Add a subscription of a plan with all its cycles, billed and not yet paid.

    *Shape*: `onto` is a sale of the same rhythm, on whose invoices the charges go.
    Cycles in advance were billed within the last days; later ones of the past up to a week before they began.
    """
    plan = purchases.find_plan(book, code, currency=organisation.currency)
    spans = rhythm.spans
    subscription = purchases.add_subscription(
        book,
        organisation,
        plan,
        started_on=rhythm.started_on,
        expires_on=spans[-1].last_day,
        auto_renew=auto_renew,
        is_trial=is_trial,
        lags=lags,
    )
    monthly = ZERO if is_trial else plan.price_per_month if price is None else price
    items = [Item("plan", identity.plan_title(product=plan.product.name, plan=plan.name), monthly, plan)]
    items += [purchases.add_on(book, subscription, name) for name in add_ons]
    items += [purchases.add_number(book, subscription, ported_in=index < ported_in) for index in range(numbers)]
    fee = catalogue.price(catalogue.ACTIVATION_FEE, currency=organisation.currency)
    billed = []
    for index, span in enumerate(spans):
        billed_on = span.first_day
        if index and renewed_early:
            billed_on -= timedelta(days=book.rng.randrange(7))
        billed_on = min(billed_on, book.today - timedelta(days=book.rng.randrange(1, 4)))
        billed_on = max(billed_on, rhythm.started_on)
        shared = onto.billed[index].invoice if onto else None
        before = len(book.lines_of[shared.uuid]) if shared else 0
        cycle, invoice = purchases.add_cycle(
            book,
            subscription,
            span,
            months=rhythm.months,
            items=items,
            activation_fee=fee if activation_fee and not index else ZERO,
            is_external=is_external,
            billed_on=billed_on,
            onto=shared,
        )
        if not invoice.charged:
            invoice.status = "paid"
        if index:
            purchases.add_history(
                book,
                subscription,
                on=billed_on,
                event="Renewed",
                description=f"Cycle {days.display_range(span)}.",
            )
        lines = tuple(book.lines_of[invoice.uuid][before:])
        billed.append(Billed(cycle, span, invoice, billed_on, lines))
    organisation.created_on = min(organisation.created_on or rhythm.started_on, rhythm.started_on)
    return Sale(subscription=subscription, billed=tuple(billed))


def pay_all(book: Book, billed: Iterable[Billed]) -> None:
    """Pay for cycles, prepaid on the day they were billed, postpaid some weeks later."""
    for one in billed:
        if not one.invoice.charged:
            continue
        on = one.billed_on
        if one.invoice.organisation.payment_mode == "postpaid":
            on = min(on + timedelta(days=book.rng.randrange(5, 25)), book.today)
        documents.pay(book, one.invoice, on=on)


def extend_in_mid_cycle(book: Book, sale: Sale, item: Item, *, on: date) -> Invoice:
    """Charge for something added in mid-cycle: one charge for the running month, one for those not begun.

    Source: domain.md 6, additions in mid-cycle.
    """
    billed = sale.covering(on)
    anchor = sale.subscription.started_on.day
    month = days.month_around(on, anchor=anchor)
    invoice = documents.add_invoice(book, sale.subscription.organisation, on=on, imported=on < book.moved_on)
    rest = days.Span(on, min(month.day_after, billed.span.day_after))
    share = min(item.price, catalogue.share_of_month(item.price, rest.days, currency=invoice.currency))
    line = documents.add_line(
        book, invoice, kind=item.kind, description=f"{item.description}, {days.display_range(rest)}", net=share
    )
    purchases.add_charge(book, billed.cycle, line, rest, of=item.of, is_addition=True)
    if month.day_after < billed.span.day_after:
        later = days.Span(month.day_after, billed.span.day_after)
        months = days.months_of(later, anchor=anchor)
        line = documents.add_line(
            book,
            invoice,
            kind=item.kind,
            description=f"{item.description}, {days.display_range(later)}",
            net=item.price * months,
        )
        purchases.add_charge(book, billed.cycle, line, later, of=item.of, is_addition=True)
    return invoice


def charge_line(billed: Billed) -> ChargeLine:
    """Find the line that charged for the plan of a cycle."""
    return next(line for line in billed.lines if line.kind == "plan")
