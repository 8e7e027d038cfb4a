"""The night of renewals: exact rows, what is refused and how, and what stays as it was."""

import datetime as dt
from decimal import Decimal as D

import pytest

from customers.models import CreditAccount, LedgerEntry, Organisation
from invoicing.models import Invoice, Payment
from portal.audit.models import AuditEntry
from portal.jobs.models import Run
from portal.outbox.models import Delivery
from subscriptions.life import operations
from subscriptions.models import AddOn, Cycle, CycleCharge, RenewalRefusal
from tests.subscriptions.life.nights import (
    TODAY,
    balance,
    due,
    last_cycle,
    made_here,
    organisation,
    renew,
    taxed,
    why,
)
from tests.support import factories
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _here(configure):
    configure(renewals_are_made_here=True, notification_address="provider@example.com")


def told(kind):
    return list(AuditEntry.objects.filter(kind=kind).order_by("pk").values_list("description", flat=True))


def test_a_renewal_is_a_cycle_a_document_an_entry_a_payment_and_an_event(now):
    owner = organisation("100")
    made = due(owner, net="50")
    counts = renew(now)
    assert (counts.renewed, counts.documents, counts.refused, counts.failed) == (1, 1, 0, 0)
    made.refresh_from_db()
    assert (made.expires_on, made.status, made.auto_renew) == (dt.date(2026, 4, 14), "active", True)
    cycle = last_cycle(made)
    assert (cycle.first_day, cycle.day_after, cycle.months) == (dt.date(2026, 3, 15), dt.date(2026, 4, 15), 1)
    charge = CycleCharge.objects.get(cycle=cycle)
    assert (charge.first_day, charge.day_after) == (cycle.first_day, cycle.day_after)
    assert (charge.plan, charge.add_on, charge.number) == (made.plan, None, None)
    assert (charge.is_addition, charge.is_external_invoice) == (False, False)
    line = charge.line
    assert (line.kind, line.net, line.tax, line.paid) == ("plan", 50, 0, 50)
    assert line.description == "SIP Trunk monthly, 15 March 2026 to 14 April 2026"
    invoice = line.invoice
    assert (invoice.number, invoice.kind, invoice.status, invoice.issued_on) == ("IN-0000001", "tax", "paid", TODAY)
    assert Payment.objects.get(invoice=invoice).method == "credits"
    entry = LedgerEntry.objects.get(kind="charge")
    assert (entry.amount, entry.cause_id, entry.description) == (-50, invoice.uuid, "Renewal, IN-0000001")
    assert balance(owner) == 50
    assert told("subscription.renewed") == [
        f"Subscription {made.uuid} (SIP Trunk monthly) renewed. "
        "15 March 2026 to 14 April 2026: SGD 50.00, IN-0000001."
    ]
    event = AuditEntry.objects.get(kind="subscription.renewed")
    assert (event.subject_uuid, event.organisation_uuid, event.actor) == (made.uuid, owner.uuid, "system")
    assert event.data == {
        "first_day": "2026-03-15",
        "last_day": "2026-04-14",
        "months": 1,
        "currency": "SGD",
        "charged": "50.00",
        "invoice": "IN-0000001",
        "told": "15 March 2026 to 14 April 2026: SGD 50.00, IN-0000001.",
    }
    assert not Delivery.objects.exists()
    run = Run.objects.get()
    assert run.uuid == counts.run
    assert (run.kind, run.count("renewed"), run.count("documents")) == ("renewals", 1, 1)
    assert run.parts.get().state == "done"


def test_what_was_renewed_is_no_longer_due(now):
    due()
    assert renew(now).renewed == 1
    again = renew(now)
    assert (again.renewed, again.refused) == (0, 0)
    assert Invoice.objects.filter(series__isnull=False).count() == 1
    assert len(told("renewals.finished")) == 1


def test_elsewhere_nothing_happens(now):
    made_here(False)
    due()
    assert renew(now) == operations.Counts(as_of=TODAY)
    assert not Run.objects.exists()


def test_a_product_may_be_renewed_otherwise_than_the_others(now):
    made_here(False, Fax=True)
    trunk = due()
    product = factories.ProductFactory.create(name="Fax")
    fax = due(plan=factories.PlanFactory.create(product=product))
    assert renew(now).renewed == 1
    assert (last_cycle(fax).months, Cycle.objects.filter(subscription=trunk).count()) == (1, 1)
    assert last_cycle(fax).first_day == dt.date(2026, 3, 15)


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_renew": False},
        {"is_trial": True},
        {"billing_plan": "milestone"},
        {"cycles": (C("2026-02-15", external=True),)},
    ],
)
def test_what_does_not_renew_is_not_tried(now, fields):
    made = due(**fields)
    counts = renew(now)
    assert (counts.renewed, counts.refused) == (0, 0)
    assert (Cycle.objects.filter(subscription=made).count(), why(made)) == (1, [])


def test_each_thing_makes_its_charge_and_tax_is_that_of_the_day(now):
    taxed()
    owner = organisation("1000")
    made = due(owner, months=3, net="149.99", numbers=("+6531234567",))
    AddOn.objects.create(subscription=made, name="Recording", price_per_month=5)
    AddOn.objects.create(subscription=made, name="Voicemail", price_per_month=0)
    assert renew(now).renewed == 1
    lines = Invoice.objects.get(series__isnull=False).lines.order_by("pk")
    assert [(line.kind, line.description, line.net, line.tax) for line in lines] == [
        # It was charged without tax, and no younger rate has begun.
        ("plan", "SIP Trunk monthly, 15 March 2026 to 14 June 2026", D("149.99"), 0),
        ("add_on", "Add-on: Recording, 15 March 2026 to 14 June 2026", 15, D("1.35")),
    ]
    assert balance(owner) == D("1000") - D("149.99") - D("16.35")
    # The next time the add-on is unchanged, whatever it costs by then.
    AddOn.objects.filter(name="Recording").update(price_per_month=100)
    renew(now + dt.timedelta(days=90))
    lines = Invoice.objects.filter(series__isnull=False).latest("pk").lines.order_by("pk")
    assert [(line.net, line.tax) for line in lines] == [(D("149.99"), 0), (15, D("1.35"))]


def test_an_organisation_pays_for_one_date_by_one_document(now):
    owner, other = organisation("1000"), organisation("1000")
    first, second, third = due(owner, net="50"), due(owner, net="30"), due(other)
    later = due(owner, cycles=(C("2026-02-16", net="20"),))
    counts = renew(now)
    assert (counts.renewed, counts.documents) == (4, 3)
    charged = {
        made: CycleCharge.objects.get(cycle=last_cycle(made)).line.invoice for made in (first, second, third, later)
    }
    assert charged[first] == charged[second]
    assert len(set(charged.values())) == 3
    assert sorted(invoice.number for invoice in set(charged.values())) == ["IN-0000001", "IN-0000002", "IN-0000003"]
    assert [entry.amount for entry in LedgerEntry.objects.filter(kind="charge").order_by("seq", "account")] == [
        -80,
        -50,
        -20,
    ]
    assert (balance(owner), balance(other)) == (900, 950)


def test_for_want_of_credit_a_date_is_refused_whole_and_earlier_dates_come_first(now):
    owner = organisation("75")
    early = [due(owner, net="50"), due(owner, net="30")]
    late = due(owner, cycles=(C("2026-02-16", net="60"),))
    counts = renew(now)
    assert (counts.renewed, counts.documents, counts.refused) == (1, 1, 2)
    assert balance(owner) == 15
    assert [why(made) for made in early] == [["insufficient_credits"]] * 2
    assert why(late) == []
    refusal = RenewalRefusal.objects.filter(subscription=early[0]).get()
    assert refusal.data == {"needed": "80.00", "available": "75.000000", "currency": "SGD"}
    assert (refusal.first_day, refusal.tried_on, refusal.at) == (dt.date(2026, 3, 15), TODAY, now)
    assert told("subscription.renewal_refused") == [
        f"Renewal of subscription {made.uuid} (SIP Trunk monthly) refused. "
        "SGD 80.00 is needed, SGD 75.00 is available."
        for made in early
    ]
    message = Delivery.objects.get()
    assert (message.kind, message.cause_id, message.organisation_uuid) == (
        "renewal_refused",
        refusal.notice_id,
        owner.uuid,
    )


def test_what_earlier_dates_take_is_no_longer_there(now):
    owner = organisation("75")
    early, late = due(owner, net="50"), due(owner, cycles=(C("2026-02-16", net="30"),))
    renew(now)
    assert (why(early), why(late)) == ([], ["insufficient_credits"])
    assert RenewalRefusal.objects.get().data["available"] == "25.000000"


def test_another_reason_refuses_one_by_itself_and_is_not_counted(now):
    owner = organisation("50")
    good = due(owner, net="50")
    made = due(owner, net="40", billing_plan="as_incurred")  # its contract ends with its cycle
    new = due(owner, cycles=(C("2026-02-15", net="45", status="void"),))
    counts = renew(now)
    assert (counts.renewed, counts.refused) == (1, 2)
    assert (why(good), why(made), why(new)) == ([], ["passes_its_contract"], ["no_tax_rate"])
    assert {refusal.code: refusal.data for refusal in RenewalRefusal.objects.all()} == {
        "passes_its_contract": {"contract_ends_on": "2026-03-14", "last_day": "2026-04-14"},
        "no_tax_rate": {"country": "SG", "on": "2026-03-10"},
    }
    assert balance(owner) == 0
    # One message a day for the organisation.
    assert Delivery.objects.count() == 1


def test_a_suspended_organisation_is_refused(now):
    owner = organisation("1000")
    made = due(owner)
    Organisation.objects.filter(pk=owner.pk).update(status="suspended")
    assert renew(now).refused == 1
    assert why(made) == ["organisation_suspended"]
    assert balance(owner) == 1000


def test_what_is_refused_is_tried_again_each_day_until_it_expires(now):
    owner = organisation("0")
    made = due(owner)
    for day, refused in ((0, 1), (0, 0), (1, 1), (4, 1), (5, 0)):
        assert renew(now + dt.timedelta(days=day)).refused == refused, day
    assert len(why(made)) == 3
    assert Delivery.objects.count() == 3
    # Tried in time and refused: after it expired, no money brings it back by itself.
    CreditAccount.objects.filter(organisation=owner).update(credit_limit=1000)
    assert renew(now + dt.timedelta(days=6)).renewed == 0


def test_what_costs_nothing_is_renewed_without_a_document(now):
    owner = organisation("0")
    made = due(owner, net="0")
    counts = renew(now)
    assert (counts.renewed, counts.documents) == (1, 0)
    assert not CycleCharge.objects.filter(cycle=last_cycle(made)).exists()
    assert told("subscription.renewed") == [
        f"Subscription {made.uuid} (SIP Trunk monthly) renewed. 15 March 2026 to 14 April 2026: nothing to charge."
    ]


def test_postpaid_is_charged_within_its_limit_by_a_proforma(now):
    owner = organisation("0", payment_mode="postpaid")
    CreditAccount.objects.filter(organisation=owner).update(credit_limit=50)
    due(owner, net="50")
    renew(now)
    assert Invoice.objects.get(series__isnull=False).kind == "proforma"
    assert LedgerEntry.objects.get().is_unbilled


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(now):
    poor, rich = organisation("0"), organisation("1000")
    due(poor), due(rich), due(rich)
    counts = renew(now, is_dry_run=True)
    assert (counts.renewed, counts.documents, counts.refused, counts.is_dry_run) == (2, 1, 1, True)
    assert counts.run is None
    assert not Run.objects.exists()
    assert not RenewalRefusal.objects.exists()
    assert not Invoice.objects.filter(series__isnull=False).exists()
    done = renew(now)
    assert (done.renewed, done.documents, done.refused) == (2, 1, 1)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_batches_never_cut_an_organisation(now, batch_size):
    owners = [organisation("100") for _ in range(4)]
    for owner in owners:
        due(owner, net="60"), due(owner, net="30")
    due(owners[1], net="20")  # 110 are needed, so its date is refused whole
    counts = renew(now, batch_size=batch_size)
    assert (counts.renewed, counts.documents, counts.refused) == (6, 3, 3)
    assert [balance(owner) for owner in owners] == [10, 100, 10, 10]


def test_a_stopped_run_goes_on_the_next_time(now):
    owners = [organisation("100") for _ in range(3)]
    for owner in owners:
        due(owner)
    answers = iter([False, True])
    counts = renew(now, batch_size=1, stop=lambda: next(answers, True))
    assert (counts.renewed, counts.was_stopped) == (1, True)
    assert renew(now).renewed == 2
    assert [balance(owner) for owner in owners] == [50, 50, 50]


def test_nobody_is_told_where_nobody_is_to_be(now, configure):
    configure(notification_address="")
    made = due(organisation("0"))
    renew(now)
    assert why(made) == ["insufficient_credits"]
    assert Delivery.objects.count() == 0
