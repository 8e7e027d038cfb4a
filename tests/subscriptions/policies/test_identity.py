"""A subscription is named so that it can't be mistaken for its twin."""

import datetime as dt
import uuid
from dataclasses import replace

import pytest
import time_machine
from django.urls import reverse

from customers.models import LedgerEntry
from invoicing import subjects
from portal.audit.models import AuditEntry
from subscriptions.models import Contract, ContractItem, Termination
from subscriptions.policies.identity import Identity
from subscriptions.selectors import naming, reading
from tests.support import factories, pages
from tests.support.terminations import terminate

SIP = Identity(
    uuid=uuid.UUID("1a2b3c4d-0000-4000-8000-000000000000"),
    product="SIP Trunk",
    plan="SIP Trunk Unlimited",
    numbers=("+6561234567", "+6561234568"),
    number_count=5,
    contract="CT-2024/17",
    started_on=dt.date(2025, 11, 16),
)


@pytest.mark.parametrize(
    ("identity", "line"),
    [
        (
            SIP,
            "SIP Trunk Unlimited · +6561234567, +6561234568 and 3 more · contract CT-2024/17"
            " · since 16 November 2025 · 1a2b3c4d",
        ),
        (
            replace(SIP, number_count=2, contract=""),
            "SIP Trunk Unlimited · +6561234567, +6561234568 · since 16 November 2025 · 1a2b3c4d",
        ),
        (
            replace(SIP, plan="Gold", numbers=("+6561234567",), number_count=1, contract=""),
            "SIP Trunk, Gold · +6561234567 · since 16 November 2025 · 1a2b3c4d",
        ),
        (
            replace(SIP, numbers=(), number_count=0, contract=""),
            "SIP Trunk Unlimited · since 16 November 2025 · 1a2b3c4d",
        ),
    ],
)
def test_the_identity_line(identity, line):
    assert identity.line == line


def test_a_record_names_the_whole_uuid():
    assert replace(SIP, contract="", numbers=(), number_count=0).named == (
        "1a2b3c4d-0000-4000-8000-000000000000 (SIP Trunk Unlimited · since 16 November 2025)"
    )


@pytest.mark.django_db
def test_identities_of_many_are_one_query(django_assert_num_queries):
    numbers = tuple(f"+656123456{digit}" for digit in range(5))
    many = factories.subscription(numbers=numbers[::-1], billing_plan="milestone", started_on="2026-03-01")
    bare = factories.subscription(started_on="2026-03-01")
    with django_assert_num_queries(1):
        found = naming.identities([many.pk, bare.pk])
    reference = ContractItem.objects.get().contract.reference
    assert {pk: identity.line for pk, identity in found.items()} == {
        many.pk: f"SIP Trunk monthly · +6561234560, +6561234561 and 3 more · contract {reference}"
        f" · since 1 March 2026 · {str(many.uuid)[:8]}",
        bare.pk: f"SIP Trunk monthly · since 1 March 2026 · {str(bare.uuid)[:8]}",
    }
    with django_assert_num_queries(0):
        assert naming.identities([]) == {}


@pytest.mark.django_db
def test_charge_lines_know_their_subscription_in_one_query(django_assert_num_queries):
    first, second = factories.twins()
    lines = [factories.charge_of(first), factories.charge_of(second)]
    other = factories.invoice(first.organisation, amounts=[("5", "0")]).lines.get()
    with django_assert_num_queries(1):
        found = subjects.of_lines([*(line.pk for line in lines), other.pk])
    assert {pk: subject.url for pk, subject in found.items()} == {
        lines[0].pk: reverse("subscriptions:detail", args=[first.uuid]),
        lines[1].pk: reverse("subscriptions:detail", args=[second.uuid]),
    }
    assert [found[line.pk].text.split(" · ")[1] for line in lines] == ["+6561234567", "+6561234568"]
    with django_assert_num_queries(0):
        assert subjects.of_lines([]) == {}


@pytest.fixture
def twins(db):
    return factories.twins()


def _lines(twins):
    return [naming.identity_of(reading.find(twin.uuid)).line for twin in twins]


def test_twins_are_told_apart_on_invoice_note_form_and_note(client_of, twins):
    client = client_of("billing")
    line = factories.charge_of(twins[1])
    note = factories.credit_note(twins[1].organisation, line=line, net="10")
    first, second = _lines(twins)
    bill = pages.words(client.get(reverse("invoicing:invoice", args=[line.invoice.uuid])))
    form = pages.words(client.get(reverse("invoicing:create_credit_note", args=[line.invoice.uuid])))
    # On the invoice, once as a charge, once as what a payment paid.
    assert (bill.count(first), bill.count(second)) == (2, 2)
    assert (form.count(first), form.count(second)) == (1, 1)
    paper = pages.words(client.get(reverse("invoicing:credit_note", args=[note.uuid])))
    assert first not in paper
    assert second in paper


def test_twins_are_told_apart_where_a_payment_says_which_charge_it_pays(client_of, twins):
    bill = factories.invoice(twins[0].organisation, amounts=[("50", "0"), ("50", "0")], paid=["0", "0"])
    for twin, line in zip(twins, bill.lines.order_by("pk"), strict=True):
        charge = factories.charge_of(twin).cycle_charge
        charge.line = line
        charge.save()
    first, second = _lines(twins)
    form = pages.words(client_of("billing").get(reverse("invoicing:record_payment", args=[bill.uuid])))
    assert f"SGD 50.00 open · {first}" in form
    assert f"SGD 50.00 open · {second}" in form


def test_an_allocation_names_the_charge_it_paid(client_of, twins):
    line = factories.charge_of(twins[0])
    bill = factories.invoice(twins[0].organisation, amounts=[("50", "0"), ("50", "0")], paid=["0", "0"])
    owed = bill.lines.order_by("pk")[1]
    owed_charge = factories.charge_of(twins[1]).cycle_charge
    owed_charge.line = owed
    owed_charge.save()
    note = factories.credit_note(twins[0].organisation, line=line, net="10")
    note.allocations.create(line=owed, currency="SGD", amount="10", created_at=note.created_at, actor="billing")
    first, second = _lines(twins)
    paper = pages.words(client_of("billing").get(reverse("invoicing:credit_note", args=[note.uuid])))
    assert paper.index(first) < paper.index("Allocations") < paper.index(second)
    other = pages.words(client_of("billing").get(reverse("invoicing:invoice", args=[bill.uuid])))
    assert f"SGD 10.00 of Plan {second}" in other


REASON = {
    "reason": "too_expensive",
    "explanation": "Found something cheaper.",
    "requested_by": "Ms Tan",
    "requested_on": "2026-03-09",
    "channel": "phone",
}


@time_machine.travel(dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC), tick=False)
def test_every_step_and_every_record_names_the_subscription(client_of, twins):
    client = client_of("agent")
    made = twins[0]
    line = _lines(twins)[0]

    def address(name):
        return reverse(f"subscriptions:{name}", args=[made.uuid])

    shown = [client.get(address("detail")), client.get(address("terminate"))]
    for action, given in (("/refund/", REASON), ("/choice/", {}), ("/apply/", {"choice": "automatic"})):
        form = pages.form(shown[-1], action=action)
        shown.append(client.post(form.action, form.data(**given), headers={"HX-Request": "true"}))
    record = Termination.objects.get()
    shown.append(client.get(reverse("subscriptions:termination", args=[record.uuid])))
    assert [line in pages.words(page) for page in shown] == [True] * 6
    named = naming.identity_of(reading.find(made.uuid)).named
    assert (
        f"Subscription {named} terminated." in AuditEntry.objects.get(event="Subscription terminated").description
    )
    assert record.entry
    assert record.entry.description == f"Refund of subscription {named}"


def test_the_longest_names_fit_into_a_ledger_entry(agent, now):
    plan = factories.PlanFactory.create(name="P" * 200, product=factories.ProductFactory.create(name="Q" * 120))
    made = factories.subscription(
        plan=plan, numbers=("+123456789012345", "+123456789012346", "+123456789012347"), billing_plan="as_incurred"
    )
    Contract.objects.update(reference="C" * 100)
    outcome = terminate(made, by=agent, at=now)
    told = LedgerEntry.objects.get(kind="refund").description
    assert (len(told), told[-1]) == (500, "…")
    assert outcome.termination.credited == 50


def test_the_tab_shows_numbers(client_of, twins):
    tab = pages.words(client_of("agent").get(reverse("subscriptions:tab", args=[twins[0].organisation.uuid])))
    assert "SIP Trunk monthly +6561234567" in tab
    assert "SIP Trunk monthly +6561234568" in tab


def test_the_tab_asks_once_for_any_number_of_subscriptions(client_of, twins, django_assert_num_queries):
    client = client_of("agent")
    address = reverse("subscriptions:tab", args=[twins[0].organisation.uuid])
    client.get(address)
    for _ in range(3):
        factories.subscription(organisation=twins[0].organisation, numbers=(f"+65612345{_}9",))
    with django_assert_num_queries(5):
        client.get(address, headers={"HX-Request": "true"})
