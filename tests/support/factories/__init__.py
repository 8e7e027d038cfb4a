"""Builders of rows that the database allows; tests name only what they are about.

`subscription(...)` is the usual start: it makes organisation, plan, cycles, invoices, charges and payments.
"""

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from factory.declarations import PostGeneration, Sequence, SubFactory
from factory.django import DjangoModelFactory

from customers.models import CreditAccount, LedgerEntry, Member, Organisation, SearchKey
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteLine,
    Invoice,
    Payment,
    PaymentLine,
)
from portal.lib import days, text
from subscriptions.models import (
    Contract,
    ContractItem,
    Cycle,
    CycleCharge,
    PhoneNumber,
    Plan,
    Product,
    Subscription,
)

Amount = Decimal | str | int

_serial = itertools.count(1)


def _open_account(organisation: Organisation, create: bool, balance: Decimal | str | None, **more: object) -> None:
    balance = Decimal(balance or 0)
    account = CreditAccount.objects.create(organisation=organisation, currency=organisation.currency)
    if balance:
        LedgerEntry.objects.create(
            account=account,
            seq=1,
            currency=organisation.currency,
            before=0,
            amount=balance,
            after=balance,
            kind="opening_balance",
            at=timezone.now(),
            on=dt.date(2020, 1, 1),
            description="Opening balance",
            actor="test",
        )
        account.refresh_from_db()


def _find_by_what_it_says(organisation: Organisation, create: bool, given: object, **more: object) -> None:
    keys = {
        "name": organisation.name,
        "uuid": str(organisation.uuid),
        "owner_email": organisation.owner_email,
        "billing_email": organisation.billing_email,
        "reference": organisation.customer_reference,
    }
    SearchKey.objects.bulk_create(
        SearchKey(organisation=organisation, kind=kind, text=text.fold(value))
        for kind, value in keys.items()
        if value
    )


class OrganisationFactory(DjangoModelFactory[Organisation]):
    """An organisation with its credit account and search keys."""

    class Meta:
        model = Organisation
        skip_postgeneration_save = True

    name = Sequence(lambda n: f"Organisation {n}")
    country = "SG"
    currency = "SGD"
    timezone = "Asia/Singapore"
    owner_email = Sequence(lambda n: f"owner{n}@example.com")
    billing_email = Sequence(lambda n: f"billing{n}@example.com")
    customer_reference = Sequence(lambda n: f"REF-{n}")
    account = PostGeneration(_open_account)
    search_keys = PostGeneration(_find_by_what_it_says)


def _find_by_member(member: Member, create: bool, given: object, **more: object) -> None:
    for kind, value in (("member", member.name), ("member_email", member.email)):
        SearchKey.objects.get_or_create(organisation=member.organisation, kind=kind, text=text.fold(value))


class MemberFactory(DjangoModelFactory[Member]):
    class Meta:
        model = Member
        skip_postgeneration_save = True

    organisation = SubFactory(OrganisationFactory)
    name = Sequence(lambda n: f"Member {n}")
    email = Sequence(lambda n: f"member{n}@example.com")
    search_keys = PostGeneration(_find_by_member)


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product
        django_get_or_create = ("name",)

    name = "SIP Trunk"


class PlanFactory(DjangoModelFactory[Plan]):
    class Meta:
        model = Plan

    sku = Sequence(lambda n: f"SIP-{n}")
    product = SubFactory(ProductFactory)
    name = "SIP Trunk monthly"
    currency = "SGD"
    price_per_month = Decimal("50")


@dataclass(frozen=True)
class C:
    """A cycle to build: `paid` is gross and defaults to everything. `status` is the invoice's ("draft", "void")."""

    first_day: str
    months: int = 1
    net: str = "50"
    tax: str = "0"
    paid: str | None = None
    external: bool = False
    status: str = ""


def invoice(
    organisation: Organisation,
    *,
    amounts: Iterable[tuple[Amount, Amount]],
    paid: list[Amount] | None = None,
    status: str = "",
    kind: str = "plan",
    issued_on: dt.date | None = None,
) -> Invoice:
    """Make an imported-like invoice; `amounts` are (net, tax) pairs, `paid` gross per line (default: all)."""
    number = next(_serial)
    parts = [(Decimal(net), Decimal(tax)) for net, tax in amounts]
    charged = sum((net + tax for net, tax in parts), Decimal(0))
    made = Invoice.objects.create(
        number=f"TIN-{number:07d}",
        organisation=organisation,
        currency=organisation.currency,
        status=status or ("awaiting_payment" if charged else "paid"),
        issued_on=issued_on or dt.date(2026, 1, 1),
        created_at=timezone.now(),
        charged=charged,
    )
    lines = [
        ChargeLine.objects.create(
            invoice=made, currency=made.currency, kind=kind, description="Plan", net=net, tax=tax
        )
        for net, tax in parts
    ]
    if status not in ("draft", "void"):
        for index, line in enumerate(lines):
            amount = line.net + line.tax if paid is None else Decimal(paid[index])
            pay(line, amount)
    made.refresh_from_db()
    return made


def pay(line: ChargeLine, amount: Amount) -> None:
    """Record a payment of one charge line."""
    amount = Decimal(amount)
    if amount:
        payment = Payment.objects.create(
            invoice=line.invoice,
            currency=line.currency,
            amount=amount,
            method="imported",
            received_on=dt.date(2026, 1, 1),
            created_at=timezone.now(),
            actor="test",
        )
        PaymentLine.objects.create(payment=payment, line=line, currency=line.currency, amount=amount)


def subscription(
    *,
    organisation: Organisation | None = None,
    cycles: tuple[C, ...] = (C("2026-03-01"),),
    started_on: str = "",
    billing_plan: str = "",
    numbers: tuple[str, ...] = (),
    **fields: Any,
) -> Subscription:
    """Make a subscription with cycles, each with an invoice of one charge. *Shape*: `C` per cycle."""
    organisation = organisation or OrganisationFactory.create()
    plan = fields.pop("plan", None) or PlanFactory.create(currency=organisation.currency)
    start = dt.date.fromisoformat(started_on or cycles[0].first_day)
    begun = [dt.date.fromisoformat(c.first_day) for c in cycles]
    spans = [
        days.Span(day, days.add_months(day, c.months, anchor=start.day))
        for day, c in zip(begun, cycles, strict=True)
    ]
    made = Subscription.objects.create(
        organisation=organisation,
        plan=plan,
        currency=organisation.currency,
        started_on=start,
        expires_on=fields.pop("expires_on", None) or max(s.last_day for s in spans),
        auto_renew=fields.pop("auto_renew", False),
        **fields,
    )
    for c, span in zip(cycles, spans, strict=True):
        cycle = Cycle.objects.create(
            subscription=made,
            first_day=span.first_day,
            day_after=span.day_after,
            months=c.months,
        )
        bill = invoice(
            organisation,
            amounts=[(c.net, c.tax)],
            paid=None if c.paid is None else [c.paid],
            status=c.status,
            issued_on=span.first_day,
        )
        CycleCharge.objects.create(
            cycle=cycle,
            line=bill.lines.get(),
            first_day=span.first_day,
            day_after=span.day_after,
            is_external_invoice=c.external,
        )
    if billing_plan:
        contract = Contract.objects.create(
            reference=f"CT-{next(_serial)}",
            organisation=organisation,
            billing_plan=billing_plan,
            status="in_progress",
            starts_on=start,
            ends_on=made.expires_on,
        )
        ContractItem.objects.create(contract=contract, subscription=made)
    for number in numbers:
        PhoneNumber.objects.create(number=number, subscription=made)
        SearchKey.objects.create(organisation=organisation, kind="number", text=text.fold(number))
    return made


def charge_of(made: Subscription, first_day: str = "") -> ChargeLine:
    """Find the charge line of a subscription's cycle (the only one unless `first_day` says which)."""
    lines = ChargeLine.objects.filter(cycle_charge__cycle__subscription=made)
    return lines.get(cycle_charge__cycle__first_day=first_day) if first_day else lines.get()


def credit_note(
    organisation: Organisation,
    *,
    net: Amount = "50",
    tax: Amount = "0",
    status: str = "sent",
    line: ChargeLine | None = None,
    **fields: Any,
) -> CreditNote:
    """Make a note of one line; of a charge when `line` is given."""
    note = CreditNote.objects.create(
        number=fields.pop("number", "") or f"TCN-{next(_serial):07d}",
        organisation=organisation,
        invoice=line.invoice if line else None,
        currency=organisation.currency,
        status=status,
        net=Decimal(net),
        tax=Decimal(tax),
        allocated=Decimal(net) + Decimal(tax) if status == "applied" else 0,
        allocated_outside=Decimal(net) + Decimal(tax) if status == "applied" else 0,
        issued_on=dt.date(2026, 1, 1),
        created_at=timezone.now(),
        **fields,
    )
    CreditNoteLine.objects.create(
        credit_note=note, line=line, currency=note.currency, net=Decimal(net), tax=Decimal(tax)
    )
    return note


def twins(
    *, numbers: tuple[str, str] = ("+6561234567", "+6561234568"), **fields: Any
) -> tuple[Subscription, Subscription]:
    """Make two subscriptions of one plan that one invoice charged for, with the same days, net and tax."""
    first = subscription(numbers=numbers[:1], **fields)
    line = charge_of(first)
    second = subscription(
        organisation=first.organisation,
        plan=first.plan,
        numbers=numbers[1:],
        started_on=first.started_on.isoformat(),
    )
    own = charge_of(second)
    other = invoice(first.organisation, amounts=[(line.net, line.tax), (line.net, line.tax)])
    for charge, its in zip((line.cycle_charge, own.cycle_charge), other.lines.order_by("pk"), strict=True):
        CycleCharge.objects.filter(pk=charge.pk).update(line=its)
    return first, second
