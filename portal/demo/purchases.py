"""Add what the customers of the demo pay for: plans, subscriptions with all that is theirs, cycles."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from customers.models import Member, Organisation, SearchKey
from invoicing.models import ChargeLine, Invoice
from portal.demo import catalogue, documents
from portal.demo.book import ZERO, Book
from portal.lib import days, text
from subscriptions.models import (
    AddOn,
    Assignment,
    Contract,
    ContractItem,
    Cycle,
    CycleCharge,
    HistoryEntry,
    PhoneNumber,
    Plan,
    Product,
    Subscription,
)
from subscriptions.policies import identity


@dataclass(frozen=True)
class Item:
    """Hold one thing a cycle charges for, and what it is. *Units*: net price of one month."""

    kind: str
    description: str
    price: Decimal
    of: Plan | AddOn | PhoneNumber


def find_plan(book: Book, code: str, *, currency: str) -> Plan:
    """Find or add a plan in a currency."""
    if (code, currency) not in book.plans:
        offer = next(offer for offer in catalogue.PLANS if offer.code == code)
        if offer.product not in book.products:
            book.products[offer.product] = Product(name=offer.product)
            book.add(book.products[offer.product])
        made = Plan(
            sku=f"{code}-{currency}",
            product=book.products[offer.product],
            name=offer.name,
            currency=currency,
            price_per_month=catalogue.price(offer.price, currency=currency),
        )
        book.add(made)
        book.plans[code, currency] = made
    return book.plans[code, currency]


def add_subscription(
    book: Book,
    organisation: Organisation,
    plan: Plan,
    *,
    started_on: date,
    expires_on: date,
    auto_renew: bool = True,
    is_trial: bool = False,
    lags: bool = False,
) -> Subscription:
    """Add a subscription; with `lags` its stored status is the one from before the nightly run."""
    expired = expires_on < book.today and not lags
    made = Subscription(
        uuid=book.draw_uuid(),
        organisation=organisation,
        plan=plan,
        currency=organisation.currency,
        status="expired" if expired else "active",
        started_on=started_on,
        expires_on=expires_on,
        auto_renew=auto_renew,
        is_trial=is_trial,
    )
    book.add(made)
    add_history(
        book,
        made,
        on=started_on,
        event="Purchased",
        description=f"{identity.plan_title(product=plan.product.name, plan=plan.name)}.",
    )
    if expired:
        add_history(
            book,
            made,
            on=expires_on + timedelta(days=1),
            event="Expired",
            description=f"Expired on {days.display(expires_on)}.",
        )
    return made


def add_history(book: Book, subscription: Subscription, *, on: date, event: str, description: str) -> None:
    """Add one line to a subscription's history."""
    book.add(
        HistoryEntry(
            subscription=subscription,
            at=book.at(on),
            event=event,
            description=description,
            actor="system",
        )
    )


def add_on(book: Book, subscription: Subscription, name: str) -> Item:
    """Add something on top of the plan and give what it costs."""
    offer = next(offer for offer in catalogue.ADD_ONS if offer.name == name)
    price = catalogue.price(offer.price, currency=subscription.currency)
    made = AddOn(subscription=subscription, name=name, price_per_month=price)
    book.add(made)
    return Item("add_on", f"Add-on: {name}", price, made)


def add_number(book: Book, subscription: Subscription, *, ported_in: bool = False) -> Item:
    """Add a phone number that is in use and give what it costs."""
    organisation = subscription.organisation
    locale = book.locales[organisation.uuid]
    while True:
        made = locale.calling_code + "".join(book.rng.choices("0123456789", k=7))
        if made not in book.numbers:
            break
    book.numbers.add(made)
    number = PhoneNumber(number=made, subscription=subscription, is_ported_in=ported_in)
    book.add(number)
    book.add(SearchKey(organisation=organisation, kind="number", text=text.fold(made)))
    price = catalogue.price(catalogue.NUMBER_PRICE, currency=subscription.currency)
    return Item("number", f"Number {made}", price, number)


def assign(book: Book, subscription: Subscription, member: Member) -> None:
    """Let a member use the subscription from its start."""
    book.add(Assignment(subscription=subscription, member=member, assigned_on=subscription.started_on))


def add_contract(book: Book, subscription: Subscription, *, billing_plan: str, status: str = "in_progress") -> None:
    """Tie a subscription to a contract of its own that covers it."""
    number = len(book.of(Contract)) + 1
    made = Contract(
        reference=f"CT-{subscription.started_on.year}-{number:04d}",
        organisation=subscription.organisation,
        billing_plan=billing_plan,
        status=status,
        starts_on=subscription.started_on,
        ends_on=days.add_days(subscription.started_on, 365 * book.rng.choice((3, 4, 5))),
    )
    book.add(made)
    book.add(ContractItem(contract=made, subscription=subscription))


def add_cycle(
    book: Book,
    subscription: Subscription,
    span: days.Span,
    *,
    months: int,
    items: list[Item],
    activation_fee: Decimal = ZERO,
    is_external: bool = False,
    billed_on: date | None = None,
    onto: Invoice | None = None,
) -> tuple[Cycle, Invoice]:
    """Add a cycle with one invoice: a charge for each item, and the activation fee on a line of its own.

    *Shape*: `onto` is an invoice that is there already, on which the charges go.
    """
    made = Cycle(
        subscription=subscription,
        first_day=span.first_day,
        day_after=span.day_after,
        months=months,
    )
    book.add(made)
    billed_on = billed_on or span.first_day
    invoice = onto or documents.add_invoice(
        book,
        subscription.organisation,
        on=billed_on,
        status="awaiting_payment",
        imported=is_external or billed_on < book.moved_on,
    )
    for item in items:
        line = documents.add_line(
            book,
            invoice,
            kind=item.kind,
            description=f"{item.description}, {days.display_range(span)}",
            net=item.price * months,
        )
        add_charge(book, made, line, span, of=item.of, is_external=is_external)
    if activation_fee:
        documents.add_line(book, invoice, kind="activation_fee", description="Activation fee", net=activation_fee)
    return made, invoice


def add_charge(
    book: Book,
    cycle: Cycle,
    line: ChargeLine,
    span: days.Span,
    *,
    of: Plan | AddOn | PhoneNumber,
    is_external: bool = False,
    is_addition: bool = False,
) -> None:
    """Join a cycle to a line that charged for a thing over the days of `span`."""
    book.add(
        CycleCharge(
            cycle=cycle,
            line=line,
            first_day=span.first_day,
            day_after=span.day_after,
            is_external_invoice=is_external,
            plan=of if isinstance(of, Plan) else None,
            add_on=of if isinstance(of, AddOn) else None,
            number=of if isinstance(of, PhoneNumber) else None,
            is_addition=is_addition,
        )
    )
