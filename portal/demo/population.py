"""Make the many organisations around the show-cases: every state a real portal has, in likely shares."""

import math
from datetime import timedelta
from decimal import Decimal

from customers.models import Organisation
from portal.demo import catalogue, documents, organisations, purchases, sales
from portal.demo.book import ZERO, Book, Ending
from portal.demo.names import LOCALES, Locale
from portal.lib import money

EARLIER = {1: 6, 2: 3, 3: 2, 12: 1, 24: 0}
"""The most past cycles, by the months of a cycle."""

SUSPENDED = 0.07
POSTPAID = 0.3

# In each hundred.
MONTHS = {1: 52, 2: 12, 3: 14, 12: 18, 24: 4}
STORIES = {
    "active": 46,
    "end_of_month": 12,
    "advance": 8,
    "expired": 11,
    "long_expired": 7,
    "lags": 4,
    "trial": 7,
    "external": 5,
}
DOCUMENTS = {
    "none": 64,
    "names_cycle": 6,
    "goodwill": 5,
    "draft": 4,
    "void": 4,
    "applied": 6,
    "partly": 4,
    "draft_invoice": 4,
    "void_invoice": 3,
}


def populate(book: Book, *, wanted: int, endings: int) -> None:
    """Add organisations until there are as many as asked; mark some subscriptions as to be terminated."""
    used = {row.name for row in book.of(Organisation)}
    number = len(used)
    ended = 0
    while number < wanted:
        locale = book.deal("locale", dict.fromkeys(LOCALES, 1))
        name = book.rng.choice(locale.forms).format(book.rng.choice(locale.stems))
        if name in used:
            continue
        used.add(name)
        number += 1
        made = _organisation(book, locale, name, number=number)
        for role in book.rng.choices(("admin", "member", "member"), k=book.rng.randrange(3)):
            organisations.add_member(book, made, role=role)
        sold = [_subscribe(book, made) for _ in range(book.rng.choices((0, 1, 2, 3), (4, 50, 32, 14))[0])]
        _documents(book, made, [sale for sale in sold if sale.subscription.expires_on >= book.today])
        if ended < endings and sold and _is_plain(book, sold[0]):
            ended += 1
            book.endings.append(Ending(sold[0].subscription, "Moves to another provider at the end of the week."))


def _is_plain(book: Book, sale: sales.Sale) -> bool:
    made = sale.subscription
    return made.expires_on > book.today + timedelta(days=3) and not made.is_trial


def _organisation(book: Book, locale: Locale, name: str, *, number: int) -> Organisation:
    rng = book.rng
    mode = "postpaid" if rng.random() < POSTPAID else "prepaid"
    age = rng.randrange(20, 1400)
    unit = catalogue.price(Decimal(100), currency=locale.currency)
    limit = _rough(unit * rng.choice((2, 5, 10))) if mode == "postpaid" or rng.random() < 0.1 else ZERO
    opening = ZERO
    if age > 210 and rng.random() < 0.8:
        # Fractions of a cent: usage is rated with six decimals.
        opening = (unit * Decimal(rng.randrange(1, 9_000_000)) / 1_000_000).quantize(Decimal("0.000001"))
        if limit and rng.random() < 0.4:
            opening = -min(opening, limit / 2)
    made = organisations.add_organisation(
        book,
        locale,
        name,
        created_on=book.today - timedelta(days=age),
        reference=f"{locale.country}-{number:05d}" if rng.random() < 0.9 else "",
        status="suspended" if rng.random() < SUSPENDED else "active",
        payment_mode=mode,
        credit_limit=limit,
        opening=opening,
    )
    if rng.random() < 0.35:
        for months_ago in range(min(age // 31, 4), 0, -1):
            used = unit * Decimal(rng.randrange(10_000, 400_000)) / 1_000_000
            book.move(
                made,
                -used.quantize(Decimal("0.000001")),
                kind="charge",
                at=book.at(book.today - timedelta(days=31 * months_ago - 3)),
                description="Usage of the month",
            )
    return made


def _subscribe(book: Book, organisation: Organisation) -> sales.Sale:
    rng = book.rng
    today = book.today
    months = book.deal("months", MONTHS)
    earlier = rng.randrange(EARLIER[months] + 1)
    story = book.deal("story", STORIES)
    length = months * 28
    if story == "end_of_month":
        rhythm = sales.anchored(rng.choice((29, 30, 31)), today=today, months=months, earlier=earlier)
    elif story in ("expired", "long_expired", "lags"):
        gone = {"expired": rng.randrange(1, 28), "long_expired": rng.choice((28, 29, 30, 60)), "lags": 1}[story]
        rhythm = sales.ending_on(today - timedelta(days=gone), months=months, earlier=earlier)
    else:
        months = 1 if story == "trial" else months
        first_day = today - timedelta(days=rng.randrange(28 if story == "trial" else length))
        rhythm = sales.running_since(
            first_day,
            months=months,
            earlier=0 if story == "trial" else earlier,
            advance=rng.choice((1, 2)) if story == "advance" else 0,
        )
    sale = sales.sell(
        book,
        organisation,
        rng.choice(catalogue.PLANS).code,
        rhythm,
        add_ons=()
        if story == "trial"
        else rng.sample([a.name for a in catalogue.ADD_ONS], k=rng.choice((0, 0, 0, 1, 2))),
        numbers=0 if story == "trial" else rng.choice((0, 0, 0, 1, 1, 2)),
        ported_in=rng.choice((0, 0, 0, 1)),
        activation_fee=story != "trial" and rng.random() < 0.25,
        auto_renew=story not in ("trial", "expired", "long_expired") and rng.random() < 0.75,
        is_trial=story == "trial",
        is_external=story == "external",
        lags=story == "lags",
    )
    if rng.random() < 0.08:
        purchases.add_contract(
            book,
            sale.subscription,
            billing_plan=rng.choice(("as_incurred", "milestone")),
            status=rng.choices(("in_progress", "ready", "completed", "cancelled", "pending"), (70, 10, 10, 5, 5))[
                0
            ],
        )
    if rng.random() < 0.5:
        purchases.assign(book, sale.subscription, rng.choice(book.members[organisation.uuid]))
    _settle(book, sale, is_external=story == "external")
    return sale


def _settle(book: Book, sale: sales.Sale, *, is_external: bool) -> None:
    """Pay all but perhaps the last invoice; postpaid customers take their time."""
    rng = book.rng
    *past, last = sale.billed
    sales.pay_all(book, past)
    late = sale.subscription.organisation.payment_mode == "postpaid"
    how = rng.choices(("all", "part", "none"), (60, 15, 25) if late else (88, 7, 5))[0]
    if is_external:
        how = "all"
    if how == "all":
        sales.pay_all(book, [last])
    elif how == "part" and last.invoice.charged:
        documents.pay(book, last.invoice, on=last.billed_on, part=rng.choice((Decimal("0.5"), Decimal("0.3"))))


def _documents(book: Book, organisation: Organisation, active: list[sales.Sale]) -> None:
    """Add notes and invoices of every kind and status here and there."""
    rng = book.rng
    day = book.today - timedelta(days=rng.randrange(2, 40))
    kind = book.deal("document", DOCUMENTS)
    unit = catalogue.price(Decimal(20), currency=organisation.currency)
    if kind == "goodwill":
        documents.add_note(
            book, organisation, on=day, status="sent", net=_rough(unit), reason="Outage, as agreed by telephone"
        )
    elif kind == "applied":
        imported_on = book.moved_on - timedelta(days=rng.randrange(5, 90))
        documents.add_note(
            book, organisation, on=imported_on, status="applied", net=_rough(unit), reason="Goodwill", imported=True
        )
    elif kind in ("draft_invoice", "void_invoice"):
        invoice = documents.add_invoice(
            book, organisation, on=day, status=kind.removesuffix("_invoice"), kind=rng.choice(("proforma", "tax"))
        )
        documents.add_line(book, invoice, kind="usage", description="Calls to mobile networks", net=unit * 3)
    elif kind != "none" and active:
        _note_of_charge(book, rng.choice(active), kind=kind)


def _note_of_charge(book: Book, sale: sales.Sale, *, kind: str) -> None:
    billed = sale.covering(book.today)
    line = sales.charge_line(billed)
    if not line.net:
        return
    on = max(billed.billed_on, book.today - timedelta(days=2))
    share = book.rng.choice((Decimal(1), Decimal("0.5"), Decimal("0.3")))
    status = "sent" if kind in ("names_cycle", "partly") else kind
    note = documents.add_note(
        book,
        sale.subscription.organisation,
        on=on,
        status=status,
        net=money.round_half_up(line.net * share, currency=line.currency),
        tax=money.round_half_up(line.tax * share, currency=line.currency),
        line=line,
        reason="Cancelled in good time",
    )
    if kind == "partly" and (open_amount := documents.unpaid(book, line)):
        documents.allocate(book, note, line, min(open_amount, _half(note.net + note.tax, currency=line.currency)))


def _half(amount: Decimal, *, currency: str) -> Decimal:
    return max(money.round_half_up(amount / 2, currency=currency), money.minor_unit(currency))


def _rough(amount: Decimal) -> Decimal:
    """Cut an amount to its two leading digits where it is large."""
    step = Decimal(10) ** max(0, amount.adjusted() - 1)
    return Decimal(math.floor(amount / step)) * step if step > 1 else amount
