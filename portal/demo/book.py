"""Collect the rows of the demo, so that they can be numbered, balanced and written all at once.

Nothing here touches the database: `store.write` does. Rows are unsaved model instances that point at each
other; UUIDs come from the seeded generator, so the same seed makes the same rows.
"""

import random
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TypeVar, cast

from django.db.models import Model

from customers.models import CreditAccount, LedgerEntry, Member, Organisation, SearchKey
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteLine,
    Invoice,
    Payment,
    PaymentLine,
)
from portal.demo import catalogue
from portal.demo.names import Locale
from portal.lib import days, money, text
from subscriptions import presentation
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

T = TypeVar("T")

ACTOR = "demo"
ZERO = Decimal(0)
MOVED_DAYS_AGO = 200
"""Documents older than this look imported; the portal's own numbers begin then."""


@dataclass(frozen=True)
class Item:
    """Hold one thing a cycle charges for. *Units*: net price of one month."""

    kind: str
    description: str
    price: Decimal


@dataclass(frozen=True)
class Movement:
    """Hold one movement of Available Credits before it has its place in the ledger."""

    at: datetime
    amount: Decimal
    kind: str
    description: str
    cause_id: uuid.UUID | None = None


@dataclass
class Book:
    """Hold every row of the demo, relative to `today`."""

    today: date
    rng: random.Random
    rows: dict[type[Model], list[Model]] = field(default_factory=lambda: defaultdict(list))
    # Rows that are not saved yet can't be keys: organisations and invoices go by UUID, lines by identity.
    locales: dict[uuid.UUID, Locale] = field(default_factory=dict)
    plans: dict[tuple[str, str], Plan] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    movements: dict[uuid.UUID, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[uuid.UUID, CreditAccount] = field(default_factory=dict)
    members: dict[uuid.UUID, list[Member]] = field(default_factory=lambda: defaultdict(list))
    lines_of: dict[uuid.UUID, list[ChargeLine]] = field(default_factory=lambda: defaultdict(list))
    endings: list["Ending"] = field(default_factory=list)
    _decks: dict[str, list[object]] = field(default_factory=dict)
    _imported: "count[int]" = field(default_factory=lambda: count(1))
    _unpaid: dict[int, Decimal] = field(default_factory=dict)
    _numbers: set[str] = field(default_factory=set)

    @property
    def moved_on(self) -> date:
        """Give the day on which the customers' older documents came in."""
        return self.today - timedelta(days=MOVED_DAYS_AGO)

    def add(self, row: Model) -> None:
        """Keep a row for writing."""
        self.rows[type(row)].append(row)

    def deal(self, name: str, shares: dict[T, int]) -> T:
        """Draw from a shuffled deck that holds each card as often as its share, so that each comes up for sure."""
        deck = self._decks.get(name)
        if not deck:
            deck = self._decks[name] = [card for card, share in shares.items() for _ in range(share)]
            self.rng.shuffle(deck)
        return cast(T, deck.pop())

    def draw_uuid(self) -> uuid.UUID:
        """Draw a UUID that depends on the seed alone."""
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def at(self, day: date) -> datetime:
        """Give an instant of a day, never later than the first one of today."""
        start = self._start(min(day, self.today))
        return start if day >= self.today else start + timedelta(minutes=self.rng.randrange(1, 1380))

    @staticmethod
    def _start(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    # --- who

    def organisation(
        self,
        locale: Locale,
        name: str,
        *,
        created_on: date,
        reference: str,
        status: str = "active",
        payment_mode: str = "prepaid",
        credit_limit: Decimal = ZERO,
        opening: Decimal = ZERO,
        timezone: str = "",
    ) -> Organisation:
        """Add an organisation with its account, search keys and owner."""
        owner = self._person(locale)
        label = text.fold(name).replace(" ", "-").strip(".-+@")[:30].strip(".-+@") or "customer"
        # No message may ever reach anybody.
        domain = f"{label}.example"
        owner_email = self._email(owner, domain)
        made = Organisation(
            uuid=self.draw_uuid(),
            name=name,
            status=status,
            country=locale.country,
            currency=locale.currency,
            timezone=timezone or self.rng.choice(locale.timezones),
            payment_mode=payment_mode,
            owner_email=owner_email,
            billing_email=self.rng.choice((f"billing@{domain}", f"accounts@{domain}", "")),
            customer_reference=reference,
            created_on=created_on,
        )
        self.add(made)
        self.locales[made.uuid] = locale
        self.accounts[made.uuid] = CreditAccount(
            organisation=made, currency=made.currency, credit_limit=credit_limit
        )
        keys = {
            "name": made.name,
            "uuid": str(made.uuid),
            "owner_email": made.owner_email,
            "billing_email": made.billing_email,
            "reference": made.customer_reference,
        }
        for kind, value in keys.items():
            if folded := text.fold(value):
                self.add(SearchKey(organisation=made, kind=kind, text=folded))
        self._add_member(made, name=owner, email=owner_email, role="owner")
        if opening:
            self.move(
                made,
                opening,
                kind="opening_balance",
                at=self._start(self.moved_on - timedelta(days=1)),
                description="Opening balance",
            )
        return made

    def member(self, organisation: Organisation, *, role: str) -> Member:
        """Add one more person."""
        name = self._person(self.locales[organisation.uuid])
        domain = organisation.owner_email.partition("@")[2]
        taken = {member.email for member in self.members[organisation.uuid]}
        email = self._email(name, domain)
        for number in count(2):
            if email not in taken:
                break
            email = self._email(f"{name} {number}", domain)
        return self._add_member(organisation, name=name, email=email, role=role)

    def _add_member(self, organisation: Organisation, *, name: str, email: str, role: str) -> Member:
        made = Member(organisation=organisation, name=name, email=email, role=role)
        self.add(made)
        self.members[organisation.uuid].append(made)
        return made

    def _person(self, locale: Locale) -> str:
        given, family = self.rng.choice(locale.given), self.rng.choice(locale.family)
        return f"{family}{given}" if locale.family_first else f"{given} {family}"

    @staticmethod
    def _email(name: str, domain: str) -> str:
        return f"{text.fold(name).replace(' ', '.')[:40].strip('.-+@') or 'office'}@{domain}"

    def move(
        self,
        organisation: Organisation,
        amount: Decimal,
        *,
        kind: str,
        at: datetime,
        description: str,
        cause_id: uuid.UUID | None = None,
    ) -> None:
        """Note a movement of Available Credits; `ledger` puts them in order."""
        self.movements[organisation.uuid].append(
            Movement(at=at, amount=amount, kind=kind, description=description, cause_id=cause_id)
        )

    # --- what they pay for

    def plan(self, code: str, *, currency: str) -> Plan:
        """Find or add a plan in a currency."""
        if (code, currency) not in self.plans:
            offer = next(offer for offer in catalogue.PLANS if offer.code == code)
            if offer.product not in self.products:
                self.products[offer.product] = Product(name=offer.product)
                self.add(self.products[offer.product])
            made = Plan(
                sku=f"{code}-{currency}",
                product=self.products[offer.product],
                name=offer.name,
                currency=currency,
                price_per_month=catalogue.price(offer.price, currency=currency),
            )
            self.add(made)
            self.plans[code, currency] = made
        return self.plans[code, currency]

    def subscription(
        self,
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
        expired = expires_on < self.today and not lags
        made = Subscription(
            uuid=self.draw_uuid(),
            organisation=organisation,
            plan=plan,
            currency=organisation.currency,
            status="expired" if expired else "active",
            started_on=started_on,
            expires_on=expires_on,
            auto_renew=auto_renew,
            is_trial=is_trial,
        )
        self.add(made)
        self.history(
            made,
            on=started_on,
            event="Purchased",
            description=f"{presentation.plan_title(product=plan.product.name, plan=plan.name)}.",
        )
        if expired:
            self.history(
                made,
                on=expires_on + timedelta(days=1),
                event="Expired",
                description=f"Expired on {days.display(expires_on)}.",
            )
        return made

    def history(self, subscription: Subscription, *, on: date, event: str, description: str) -> None:
        """Add one line to a subscription's history."""
        self.add(
            HistoryEntry(
                subscription=subscription,
                at=self.at(on),
                event=event,
                description=description,
                actor="system",
            )
        )

    def add_on(self, subscription: Subscription, name: str) -> Item:
        """Add something on top of the plan and give what it costs."""
        offer = next(offer for offer in catalogue.ADD_ONS if offer.name == name)
        price = catalogue.price(offer.price, currency=subscription.currency)
        self.add(AddOn(subscription=subscription, name=name, price_per_month=price))
        return Item("add_on", f"Add-on: {name}", price)

    def number(self, subscription: Subscription, *, ported_in: bool = False) -> Item:
        """Add a phone number that is in use and give what it costs."""
        organisation = subscription.organisation
        locale = self.locales[organisation.uuid]
        while True:
            made = locale.calling_code + "".join(self.rng.choices("0123456789", k=7))
            if made not in self._numbers:
                break
        self._numbers.add(made)
        self.add(PhoneNumber(number=made, subscription=subscription, is_ported_in=ported_in))
        self.add(SearchKey(organisation=organisation, kind="number", text=text.fold(made)))
        price = catalogue.price(catalogue.NUMBER_PRICE, currency=subscription.currency)
        return Item("number", f"Number {made}", price)

    def assign(self, subscription: Subscription, member: Member) -> None:
        """Let a member use the subscription from its start."""
        self.add(Assignment(subscription=subscription, member=member, assigned_on=subscription.started_on))

    def contract(self, subscription: Subscription, *, billing_plan: str, status: str = "in_progress") -> None:
        """Tie a subscription to a contract of its own that covers it."""
        number = len(self.rows[Contract]) + 1
        made = Contract(
            reference=f"CT-{subscription.started_on.year}-{number:04d}",
            organisation=subscription.organisation,
            billing_plan=billing_plan,
            status=status,
            starts_on=subscription.started_on,
            ends_on=days.add_days(subscription.started_on, 365 * self.rng.choice((3, 4, 5))),
        )
        self.add(made)
        self.add(ContractItem(contract=made, subscription=subscription))

    # --- what was charged

    def cycle(
        self,
        subscription: Subscription,
        span: days.Span,
        *,
        months: int,
        items: list[Item],
        activation_fee: Decimal = ZERO,
        is_external: bool = False,
        billed_on: date | None = None,
        invoice_status: str = "awaiting_payment",
    ) -> tuple[Cycle, Invoice]:
        """Add a cycle with one invoice: a charge for each item, and the activation fee on a line of its own."""
        made = Cycle(
            subscription=subscription,
            first_day=span.first_day,
            day_after=span.day_after,
            months=months,
            is_external_invoice=is_external,
        )
        self.add(made)
        billed_on = billed_on or span.first_day
        invoice = self.invoice(
            subscription.organisation,
            on=billed_on,
            status=invoice_status,
            imported=is_external or billed_on < self.moved_on,
        )
        for item in items:
            line = self.line(
                invoice,
                kind=item.kind,
                description=f"{item.description}, {days.display_range(span)}",
                net=item.price * months,
            )
            self.charge(made, line, span)
        if activation_fee:
            self.line(invoice, kind="activation_fee", description="Activation fee", net=activation_fee)
        return made, invoice

    def charge(self, cycle: Cycle, line: ChargeLine, span: days.Span) -> None:
        """Join a cycle to a line that charged for the days of `span`."""
        self.add(CycleCharge(cycle=cycle, line=line, first_day=span.first_day, day_after=span.day_after))

    def invoice(
        self,
        organisation: Organisation,
        *,
        on: date,
        status: str = "awaiting_payment",
        imported: bool = False,
        kind: str = "tax",
    ) -> Invoice:
        """Add an invoice without lines; own ones get their number when all are known."""
        made = Invoice(
            uuid=self.draw_uuid(),
            number=f"INV-{on.year}-{next(self._imported):05d}" if imported else "",
            organisation=organisation,
            currency=organisation.currency,
            kind=kind,
            status=status,
            issued_on=None if status == "draft" else min(on, self.today),
            created_at=self.at(on),
            charged=ZERO,
        )
        self.add(made)
        return made

    def line(
        self, invoice: Invoice, *, kind: str, description: str, net: Decimal, tax: Decimal | None = None
    ) -> ChargeLine:
        """Add a line to an invoice, with the tax of the country unless it is given."""
        if tax is None:
            rate = self.locales[invoice.organisation.uuid].tax_rate
            tax = money.round_half_up(net * rate, currency=invoice.currency)
        made = ChargeLine(
            invoice=invoice, currency=invoice.currency, kind=kind, description=description, net=net, tax=tax
        )
        self.add(made)
        self.lines_of[invoice.uuid].append(made)
        invoice.charged += net + tax
        if invoice.status == "awaiting_payment":
            self._unpaid[id(made)] = net + tax
        return made

    def unpaid(self, line: ChargeLine) -> Decimal:
        """Give what is still owed on a line; nothing on one of a draft or void invoice."""
        return self._unpaid.get(id(line), ZERO)

    def pay(
        self,
        invoice: Invoice,
        *,
        on: date,
        method: str = "",
        part: Decimal | None = None,
        amount: Decimal | None = None,
    ) -> None:
        """Pay an invoice, wholly or `part` of every line or `amount` from the first line on.

        Without a method: what was imported was paid before the move; prepaid pays from Available Credits.
        """
        organisation = invoice.organisation
        if not method:
            if invoice.number:
                method = "imported"
            elif organisation.payment_mode == "prepaid":
                method = "credits"
            else:
                method = self.rng.choice(("bank_transfer", "card", "cheque"))
        shares: list[tuple[ChargeLine, Decimal]] = []
        for line in self.lines_of[invoice.uuid]:
            share = self._unpaid[id(line)]
            if part is not None:
                share = min(share, money.round_half_up((line.net + line.tax) * part, currency=invoice.currency))
            if amount is not None:
                share = min(share, amount)
                amount -= share
            if share:
                shares.append((line, share))
                self._unpaid[id(line)] -= share
        total = sum((share for _, share in shares), ZERO)
        if not total:
            return
        payment = Payment(
            uuid=self.draw_uuid(),
            invoice=invoice,
            currency=invoice.currency,
            amount=total,
            method=method,
            received_on=on,
            reference=f"{self.rng.randrange(10**8, 10**9)}" if method in ("bank_transfer", "cheque") else "",
            created_at=max(invoice.created_at, self.at(on)),
            actor=ACTOR,
        )
        self.add(payment)
        for line, share in shares:
            self.add(PaymentLine(payment=payment, line=line, currency=invoice.currency, amount=share))
        if method == "credits":
            self.move(
                organisation,
                -total,
                kind="charge",
                at=payment.created_at,
                # The number is not known yet: `ledger` puts it in.
                description="Paid {}",
                cause_id=invoice.uuid,
            )

    # --- what lowers it

    def note(
        self,
        organisation: Organisation,
        *,
        on: date,
        status: str,
        net: Decimal,
        tax: Decimal | None = None,
        line: ChargeLine | None = None,
        reason: str = "",
        imported: bool = False,
    ) -> CreditNote:
        """Add a credit note of one line, of a charge when `line` is given."""
        if tax is None:
            tax = money.round_half_up(
                net * self.locales[organisation.uuid].tax_rate, currency=organisation.currency
            )
        applied = status == "applied"
        made = CreditNote(
            uuid=self.draw_uuid(),
            number=f"CR-{on.year}-{next(self._imported):05d}" if imported else "",
            organisation=organisation,
            invoice=line.invoice if line else None,
            currency=organisation.currency,
            status=status,
            reason=reason,
            net=net,
            tax=tax,
            allocated=net + tax if applied else ZERO,
            allocated_outside=net + tax if applied else ZERO,
            issued_on=None if status == "draft" else on,
            created_at=self.at(on),
        )
        if status == "sent":
            made.sent_at = made.created_at
        self.add(made)
        self.add(
            CreditNoteLine(
                credit_note=made,
                line=line,
                currency=made.currency,
                description=line.description if line else reason,
                net=net,
                tax=tax,
            )
        )
        return made

    def allocate(self, note: CreditNote, line: ChargeLine, amount: Decimal) -> None:
        """Let a sent note pay (part of) an unpaid charge; a trigger then says how far it is applied."""
        self._unpaid[id(line)] -= amount
        self.add(
            CreditNoteAllocation(
                credit_note=note,
                line=line,
                currency=note.currency,
                amount=amount,
                created_at=max(note.created_at, line.invoice.created_at),
                actor=ACTOR,
            )
        )

    # --- once everything is known

    def number_documents(self, *, model: type[Invoice] | type[CreditNote], series: Model) -> None:
        """Sort documents by the time they were made and number the portal's own ones without gaps."""
        documents = self.rows[model]
        documents.sort(key=lambda document: document.created_at)  # type: ignore[attr-defined]
        for document in documents:
            if not document.number:  # type: ignore[attr-defined]
                series.last_number += 1  # type: ignore[attr-defined]
                place = series.last_number  # type: ignore[attr-defined]
                document.series = series  # type: ignore[attr-defined]
                document.sequence_number = place  # type: ignore[attr-defined]
                document.number = f"{series.prefix}{place:0{series.length}d}"  # type: ignore[attr-defined]

    def ledger(self) -> None:
        """Put every movement into the ledger in the order of time."""
        number_of = {invoice.uuid: invoice.number for invoice in self.rows[Invoice]}  # type: ignore[attr-defined]
        for account in self.accounts.values():
            organisation = account.organisation
            balance = ZERO
            movements = sorted(self.movements[organisation.uuid], key=lambda movement: movement.at)
            for seq, movement in enumerate(movements, start=1):
                before, balance = balance, balance + movement.amount
                self.add(
                    LedgerEntry(
                        account=account,
                        seq=seq,
                        currency=account.currency,
                        before=before,
                        amount=movement.amount,
                        after=balance,
                        kind=movement.kind,
                        cause_id=movement.cause_id,
                        at=movement.at,
                        on=days.today_in(organisation.timezone, at=movement.at),
                        description=movement.description.format(number_of.get(movement.cause_id, "")),
                        actor=ACTOR,
                    )
                )
            self.add(account)

    def top_up(self) -> None:
        """Give prepaid organisations the top-ups that their charges need, each with its invoice."""
        for account in self.accounts.values():
            organisation = account.organisation
            floor = -account.credit_limit
            balance = ZERO
            for movement in sorted(self.movements[organisation.uuid], key=lambda movement: movement.at):
                if (
                    movement.amount < 0
                    and organisation.payment_mode == "prepaid"
                    and balance + movement.amount < floor
                ):
                    at = movement.at - timedelta(minutes=30)
                    amount = _round_up(floor - balance - movement.amount * 3)
                    invoice = self.invoice(organisation, on=at.date(), kind="top_up")
                    invoice.created_at = at
                    self.line(
                        invoice,
                        kind="other",
                        description="Top-up of Available Credits",
                        net=amount,
                        tax=ZERO,
                    )
                    self.pay(invoice, on=at.date(), method="card")
                    self.move(
                        organisation,
                        amount,
                        kind="top_up",
                        at=at,
                        description="Top-up {}",
                        cause_id=invoice.uuid,
                    )
                    balance += amount
                balance += movement.amount


@dataclass(frozen=True)
class Ending:
    """Name a subscription that the demo terminates through the portal's own operation, after its rows are in.

    With `note` that credit note is chosen as the refund.
    """

    subscription: Subscription
    explanation: str
    note: CreditNote | None = None


def _round_up(amount: Decimal) -> Decimal:
    """Round a top-up up to two leading digits, as people do."""
    step = Decimal(10) ** max(0, amount.adjusted() - 1)
    return -(-amount // step) * step
