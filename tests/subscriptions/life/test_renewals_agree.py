"""The night, which asks in SQL, does what the pure policies say, over populations by lot; more with TEST_FULL=1."""

import datetime as dt
import os
import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from customers.models import CreditAccount, Organisation
from invoicing.models import ChargeLine
from portal.lib import days
from settings_app.models import PortalConfigVersion, TaxRate
from subscriptions.life.words import refused
from subscriptions.models import AddOn, Contract, Cycle, CycleCharge, PhoneNumber, RenewalRefusal, Subscription
from subscriptions.policies import next_cycle, renewals
from subscriptions.policies.next_cycle import Before, NoTaxRate, Rate, Taxes, Thing
from tests.subscriptions.life.nights import TODAY, renew
from tests.support import factories, scheduled
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = range(60 if os.environ.get("TEST_FULL") == "1" else 4)
CURRENCIES = {"SG": "SGD", "JP": "JPY", "KW": "KWD"}
# What an organisation's subscriptions renew by: the first days of single months that end around today.
STARTS = [dt.date(2026, 2, 10) + dt.timedelta(days=back) for back in range(-35, 12)]


def populate(chance: random.Random) -> None:
    for country in CURRENCIES:
        for begins_on in chance.sample(["2024-01-01", "2026-01-20", "2026-02-20", "2026-03-10", "2026-03-11"], 2):
            if chance.random() < 0.7:
                rate = Decimal(chance.randint(0, 2500)) / 100
                TaxRate.objects.create(country=country, name="VAT", per_cent=rate, begins_on=begins_on)
    products = [factories.ProductFactory.create(name=name) for name in ("SIP Trunk", "Fax")]
    for number in range(12):
        country = chance.choice(list(CURRENCIES))
        currency = CURRENCIES[country]
        owner = factories.OrganisationFactory.create(
            account=chance.choice([0, 60, 120, 500, 500, 5000, 50_000]),
            country=country,
            currency=currency,
            payment_mode=chance.choice(["prepaid", "postpaid"]),
            is_tax_exempt=chance.random() < 0.2,
        )
        if chance.random() < 0.1:
            Organisation.objects.filter(pk=owner.pk).update(status="suspended")
        CreditAccount.objects.filter(organisation=owner).update(
            credit_limit=chance.choice([0, 0, 100]), reserved=chance.choice([0, 0, 30])
        )
        start = chance.choice(STARTS)
        for nth in range(chance.randint(1, 4)):
            subscribe(
                owner,
                f"{number:02}{nth}",
                start if chance.random() < 0.6 else chance.choice(STARTS),
                products,
                chance,
            )


def subscribe(owner: Organisation, digits: str, start: dt.date, products: list[Any], chance: random.Random) -> None:
    unit = Decimal((0, (1,), -{"JPY": 0, "SGD": 2, "KWD": 3}[owner.currency]))

    def amount() -> str:
        return str(chance.choice([0, 1, 1999, 5000, 4955]) * unit)

    months = chance.choice([1, 1, 1, 2, 12])
    anchor = chance.choice([start.day, 31]) if (start + dt.timedelta(days=1)).day == 1 else start.day
    begun = days.add_months(start, 1 - months, anchor=anchor)
    first = days.add_months(begun, -months, anchor=anchor)
    started = next(
        day for day in (days.add_months(first, -back, anchor=anchor) for back in range(12)) if day.day == anchor
    )
    made = factories.subscription(
        organisation=owner,
        plan=factories.PlanFactory.create(
            product=chance.choices(products, weights=(5, 1))[0], currency=owner.currency, price_per_month=amount()
        ),
        started_on=str(started),
        cycles=tuple(
            C(
                str(day),
                months=months,
                net=amount(),
                tax=chance.choice(["0", amount()]),
                external=chance.random() < 0.05,
                status=chance.choice(["", "", "", "", "void"]),
            )
            for day in (first, begun)
        ),
        numbers=(f"+65{digits}0001", f"+65{digits}0002"),
        auto_renew=chance.random() < 0.9,
        is_trial=chance.random() < 0.05,
        billing_plan=chance.choice(["", "", "", "", "as_incurred", "milestone"]),
    )
    Contract.objects.filter(items__subscription=made).update(
        ends_on=days.add_days(made.expires_on, chance.choice([0, 27, 31, 400]))
    )
    cycle = Cycle.objects.filter(subscription=made).latest("first_day")
    for name in ("Recording", "Voicemail"):
        add_on = AddOn.objects.create(subscription=made, name=name, price_per_month=amount())
        if chance.random() < 0.5:
            charge(cycle, "add_on", amount(), chance, add_on=add_on, is_addition=chance.random() < 0.3)
    if chance.random() < 0.5:
        charge(cycle, "number", amount(), chance, number=made.numbers.order_by("number")[0])
    if chance.random() < 0.2:
        other = factories.PlanFactory.create(currency=owner.currency)
        CycleCharge.objects.filter(cycle=cycle, line__kind="plan").update(plan=chance.choice([made.plan, other]))
    tried_on = days.add_days(made.expires_on, -3)
    # What was refused today is not tried again before tomorrow: no policy says so, for nobody else tries.
    if chance.random() < 0.2 and tried_on != TODAY:
        RenewalRefusal.objects.create(
            subscription=made,
            first_day=days.add_days(made.expires_on, 1),
            tried_on=tried_on,
            at=dt.datetime.now(dt.UTC),
            code="organisation_suspended",
            notice_id=made.uuid,
        )
    if chance.random() < 0.2:
        # Around the end of the last cycle, and around today.
        day = days.add_days(chance.choice([made.expires_on, TODAY]), chance.randint(-1, 1))
        scheduled.request(made, ends_on=day, asked_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))


def charge(cycle: Cycle, kind: str, net: str, chance: random.Random, **of: Any) -> None:
    bill = factories.invoice(
        cycle.subscription.organisation, amounts=[(net, "0")], kind=kind, issued_on=cycle.first_day
    )
    whole = chance.random() < 0.8
    CycleCharge.objects.create(
        cycle=cycle,
        line=bill.lines.get(),
        first_day=cycle.first_day if whole else days.add_days(cycle.first_day, 1),
        day_after=cycle.day_after,
        **of,
    )


def before_of(made: Subscription, kind: str, **of: Any) -> Before | None:
    """Read the last charge of a thing that covered a cycle whole, one after the other."""
    charges = CycleCharge.objects.filter(cycle__subscription=made, line__kind=kind, is_addition=False, **of)
    for found in charges.select_related("cycle", "line__invoice").order_by("-cycle__first_day", "-line_id"):
        cycle, line = found.cycle, found.line
        is_whole = (found.first_day, found.day_after) == (cycle.first_day, cycle.day_after)
        if is_whole and line.invoice.status not in ("draft", "void"):
            return Before(line.net, line.tax, cycle.months, line.invoice.issued_on or found.first_day)
    return None


def things_of(made: Subscription) -> list[Thing]:
    plan = made.plan
    own = before_of(made, "plan", plan=plan)
    unnamed = before_of(made, "plan", plan=None)
    last = max((one for one in (own, unnamed) if one), key=lambda one: one.charged_on, default=None)
    things = [Thing("plan", plan.pk, plan.name, plan.price_per_month, last)]
    for add_on in AddOn.objects.filter(subscription=made).order_by("pk"):
        before = before_of(made, "add_on", add_on=add_on)
        things.append(Thing("add_on", add_on.pk, f"Add-on: {add_on.name}", add_on.price_per_month, before))
    for number in PhoneNumber.objects.filter(subscription=made, status="in_use").order_by("pk"):
        before = before_of(made, "number", number=number)
        things.append(Thing("number", number.pk, f"Number {number.number}", None, before))
    return things


def expected(on: dt.date) -> dict[int, Any]:
    """Say by the policies what becomes of each: its next cycle, why it is refused, None where it is not tried."""
    answers: dict[int, Any] = {}
    for owner in Organisation.objects.order_by("pk"):
        rates = TaxRate.objects.filter(country=owner.country)
        taxes = Taxes(
            owner.country,
            tuple(Rate(rate.per_cent, rate.begins_on) for rate in rates),
            is_exempt=owner.is_tax_exempt,
        )
        dates: dict[dt.date, dict[int, Any]] = {}
        for made in Subscription.objects.filter(organisation=owner).select_related("plan__product").order_by("pk"):
            cycle = Cycle.objects.filter(subscription=made).latest("first_day")
            span = next_cycle.span_of(cycle.day_after, months=cycle.months, anchor=made.started_on.day)
            contract: Any = Contract.objects.filter(items__subscription=made).first()
            facts = renewals.Facts(
                currency=made.currency,
                expires_on=made.expires_on,
                auto_renew=made.auto_renew,
                is_terminated=False,
                is_made_here=made.plan.product.name != "Fax",
                is_organisation_active=owner.status == "active",
                is_trial=made.is_trial,
                billing_plan=contract.billing_plan if contract else None,
                contract_ends_on=contract.ends_on if contract else None,
                has_external_charge=cycle.charges.filter(is_external_invoice=True).exists(),
                requested_end=made.requests.values_list("ends_on", flat=True).first(),
                was_tried_in_time=made.renewal_refusals.exists(),
                next_cycle=span,
            )
            why = renewals.why_not(facts, on=on, reactivation_days=28)
            charges: Any = (
                ()
                if why
                else next_cycle.charges_of(
                    things_of(made), months=cycle.months, on=on, taxes=taxes, currency=made.currency
                )
            )
            if why is not None or isinstance(charges, NoTaxRate):
                code = (why or charges).code
                answers[made.pk] = code if code in refused.LABELS else None
                continue
            dates.setdefault(made.expires_on, {})[made.pk] = next_cycle.NextCycle(span, cycle.months, charges)
        account = CreditAccount.objects.get(organisation=owner)
        available = account.balance + account.credit_limit - account.reserved
        ordered = [dates[day] for day in sorted(dates)]
        needed = [sum((one.total for one in of.values()), Decimal(0)) for of in ordered]
        for of, is_paid in zip(ordered, renewals.paid_for(needed, available=available), strict=True):
            answers |= of if is_paid else dict.fromkeys(of, refused.NO_CREDIT)
    return answers


def _charged(line: ChargeLine, *, span: days.Span) -> next_cycle.Charge:
    of: Any = line.cycle_charge
    kind: Any = line.kind
    name = line.description.removesuffix(f", {days.display_range(span)}")
    return next_cycle.Charge(kind, of.plan_id or of.add_on_id or of.number_id, name, line.net, line.tax)


def told(made: Subscription, *, cycles: int) -> Any:
    refusal = made.renewal_refusals.filter(tried_on=TODAY).first()
    if refusal:
        return refusal.code
    if Cycle.objects.filter(subscription=made).count() == cycles:
        return None
    cycle = Cycle.objects.filter(subscription=made).latest("first_day")
    lines = ChargeLine.objects.filter(cycle_charge__cycle=cycle).select_related("cycle_charge").order_by("pk")
    span = days.Span(cycle.first_day, cycle.day_after)
    return next_cycle.NextCycle(span, cycle.months, tuple(_charged(line, span=span) for line in lines))


def is_tried_again(made: Subscription, *, cycles: int) -> bool:
    more = Cycle.objects.filter(subscription=made).count() - cycles
    return more > 1 or (more == 1 and made.renewal_refusals.filter(tried_on=TODAY).exists())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_night_does_what_the_policies_say(now, configure, seed):
    configure(renewals_are_made_here=True)
    # By its product: one is renewed elsewhere.
    PortalConfigVersion.objects.latest("number").renewals.create(product="Fax", is_made_here=False)
    with transaction.atomic():
        populate(random.Random(seed))
    wanted = expected(TODAY)
    counts = renew(now)
    assert counts.failed == 0
    found = {made.pk: told(made, cycles=2) for made in Subscription.objects.order_by("pk")}
    # Of what expired long ago the cycle after the next is due as well, and renewed or refused.
    again = [made.pk for made in Subscription.objects.all() if is_tried_again(made, cycles=2)]
    assert {pk: answer for pk, answer in found.items() if pk not in again} == {
        pk: answer for pk, answer in wanted.items() if pk not in again
    }
