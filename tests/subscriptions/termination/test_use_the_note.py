"""A chosen note can be used at once: it pays open charges, and the rest goes into Available Credits.

Source: domain.md 3, "A chosen note can be used".
"""

import re
import uuid
from decimal import Decimal as D

import pytest
import time_machine
from django.db import connection, transaction
from django.urls import reverse

from customers.models import CreditAccount, LedgerEntry
from invoicing import operations as invoicing_operations
from invoicing import policies as invoicing_policies
from invoicing.models import (
    CreditNote,
    CreditNoteAllocation,
    CreditNotePutIn,
    CreditNotePutInLine,
    Invoice,
    NumberSeries,
)
from subscriptions.models import Termination
from subscriptions.termination.quote import quotes
from subscriptions.termination.words import told as words_told
from tests.support import factories, pages, refused
from tests.support.factories import C
from tests.support.steps import NOW, address, step, to_choice
from tests.support.terminations import fresh, terminate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _deferred_keys_hold():
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def use(made, *, by, at, number="CN-1", acknowledged=()):
    choice = quotes.LinkNote(number, use_now=True)
    return terminate(made, by=by, at=at, choice=choice, acknowledged=acknowledged).termination


def test_a_note_of_what_was_paid_goes_into_available_credits(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="45.87", tax="4.13"),))
    note = factories.credit_note(made.organisation, net="45.87", tax="4.13", number="CN-1")
    record = use(made, by=agent, at=now)
    assert (record.settlement, record.entry_id, record.credited) == ("credit_note_linked", None, None)
    entry = LedgerEntry.objects.get()
    put_in = CreditNotePutIn.objects.get()
    assert (entry.kind, entry.amount, entry.cause_id, entry.is_unbilled) == ("credit_note", 50, put_in.uuid, False)
    assert (put_in.credit_note_id, put_in.amount, put_in.entry_id, put_in.request_id) == (
        note.pk,
        50,
        entry.pk,
        record.quote_id,
    )
    line = factories.charge_of(made)
    assert list(CreditNotePutInLine.objects.values_list("line", "amount")) == [(line.pk, D(50))]
    assert (line.noted, line.paid, line.put_in, line.refunded) == (50, 50, 50, 0)
    note.refresh_from_db()
    assert (note.status, note.allocated, note.holds) == ("applied", 50, 1)
    assert CreditAccount.objects.get(organisation=made.organisation).balance == 50
    assert words_told.result_of(fresh(made).termination).sentences[1:] == (
        "Credit note CN-1 is the refund.",
        "SGD 50.00 of it was added to Available Credits.",
    )


def test_it_pays_what_it_names_then_what_it_stands_for_then_the_other_charges(agent, now):
    """The named charge is open with 30, the one it stands for with 20, an older one with 15; 5 is left."""
    made = factories.subscription(
        cycles=(
            C("2026-02-01", net="50", paid="35"),
            C("2026-03-01", net="50", paid="30"),
            C("2026-04-01", net="50", paid="20"),
        )
    )
    older, running, ahead = (factories.charge_of(made, f"2026-0{month}-01") for month in (2, 3, 4))
    note = factories.credit_note(made.organisation, net="30", line=ahead, number="CN-1")
    note.lines.create(currency="SGD", net=40, tax=0)
    CreditNote.objects.filter(pk=note.pk).update(net=70)
    use(made, by=agent, at=now, acknowledged=["difference:CN-1"])
    assert list(CreditNoteAllocation.objects.order_by("pk").values_list("line", "amount")) == [
        (ahead.pk, D(30)),
        (running.pk, D(20)),
        (older.pk, D(15)),
    ]
    put_in = CreditNotePutIn.objects.get()
    assert put_in.amount == 5
    assert [(part.line_id, part.amount) for part in put_in.lines.all()] == [(ahead.pk, D(5))]
    for line in (older, running, ahead):
        line.refresh_from_db()
        assert line.paid == 50
    assert not Invoice.objects.exclude(status="paid").exists()
    told = " ".join(words_told.result_of(fresh(made).termination).sentences)
    for line, amount in ((ahead, "30.00"), (running, "20.00"), (older, "15.00")):
        assert f"SGD {amount} of it was applied to {line.invoice.number}." in told
    assert "SGD 5.00 of it was added to Available Credits." in told


def test_what_it_stands_for_no_charge_is_put_in_without_one(agent, now):
    made = factories.subscription()
    factories.credit_note(made.organisation, net="80", number="CN-1")
    use(made, by=agent, at=now, acknowledged=["difference:CN-1"])
    line = factories.charge_of(made)
    assert list(CreditNotePutInLine.objects.order_by("pk").values_list("line", "amount")) == [
        (line.pk, D(50)),
        (None, D(30)),
    ]


def test_only_what_is_unused_of_it_is_used(agent, now):
    made = factories.subscription()
    note = factories.credit_note(made.organisation, net="50", number="CN-1")
    elsewhere = factories.invoice(made.organisation, amounts=[("20", "0")], paid=["0"]).lines.get()
    CreditNoteAllocation.objects.create(
        credit_note=note, line=elsewhere, currency="SGD", amount=20, created_at=now, actor="test"
    )
    use(made, by=agent, at=now)
    assert CreditNotePutIn.objects.get().amount == 30


def test_without_the_box_the_note_waits(agent, now):
    made = factories.subscription()
    note = factories.credit_note(made.organisation, net="50", number="CN-1")
    terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1"))
    note.refresh_from_db()
    assert (note.status, note.allocated) == ("sent", 0)
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(("has_series", "is_unbilled"), [(True, True), (False, False)])
def test_postpaid_is_unbilled_but_never_for_an_imported_note(agent, now, has_series, is_unbilled):
    organisation = factories.OrganisationFactory.create(payment_mode="postpaid")
    made = factories.subscription(organisation=organisation)
    note = factories.credit_note(organisation, net="50", number="CN-1")
    if has_series:
        series = NumberSeries.objects.get(document="credit_note")
        CreditNote.objects.filter(pk=note.pk).update(series=series, sequence_number=1)
        series.last_number = 1
        series.save()
    use(made, by=agent, at=now)
    assert LedgerEntry.objects.get().is_unbilled is is_unbilled


def test_allow_refund_does_not_matter_to_a_note(agent, now, configure):
    configure(allow_refund=False)
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", number="CN-1")
    use(made, by=agent, at=now)
    assert CreditNotePutIn.objects.get().amount == 50


def test_what_was_put_in_is_refunded_no_more(agent, now):
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", number="CN-1")
    use(made, by=agent, at=now)
    line = factories.charge_of(made)
    with refused.by("notes_waived_and_refunded_stay_within_the_charge"), transaction.atomic():
        line.refunds.create(currency="SGD", net=1, tax=0, cause_id=line.invoice.uuid)


def test_the_same_form_twice_uses_the_note_once(agent, now):
    from tests.support.terminations import preview, seen_of

    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", number="CN-1")
    seen = seen_of(preview(made, at=now))
    choice = quotes.LinkNote("CN-1", use_now=True)
    first = terminate(made, by=agent, at=now, choice=choice, seen=seen)
    again = terminate(made, by=agent, at=now, choice=choice, seen=seen)
    assert (first.termination.pk, again.is_repeat) == (again.termination.pk, True)
    assert CreditNotePutIn.objects.count() == LedgerEntry.objects.count() == 1


# ---- On screen


def test_billing_is_offered_the_box_and_agents_are_not(client_of):
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", line=factories.charge_of(made), number="CN-1")
    form = pages.form(to_choice(client_of("agent"), made), action="/apply/")
    assert "use_now" not in form.fields
    client = client_of("agent")
    assert step(client, form, use_now="1").status_code == 403
    assert not Termination.objects.exists()
    client = client_of("billing")
    form = pages.form(to_choice(client, made), action="/apply/")
    done = step(client, form, use_now="1")
    assert "SGD 50.00 of it was added to Available Credits." in pages.words(client.get(done["Location"]))


def test_the_box_is_preset_by_portal_config(client_of, configure):
    configure(use_note_now=True)
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", line=factories.charge_of(made), number="CN-1")
    client = client_of("billing")
    form = pages.form(to_choice(client, made), action="/apply/")
    assert form.fields["use_now"] == ["1"]
    step(client, form)
    assert CreditNotePutIn.objects.count() == 1


def test_a_note_that_changed_is_shown_as_it_is_now(client_of):
    client = client_of("billing")
    made = factories.subscription()
    note = factories.credit_note(made.organisation, net="60", number="CN-1")
    form = pages.form(to_choice(client, made), action="/apply/")
    line = factories.invoice(made.organisation, amounts=[("10", "0")], paid=["0"]).lines.get()
    CreditNoteAllocation.objects.create(
        credit_note=note, line=line, currency="SGD", amount=10, created_at=note.created_at, actor="test"
    )
    answer = step(client, form, choice="credit_note", note="CN-1", acknowledge="difference:CN-1")
    assert answer.status_code == 409
    assert "Credit note CN-1 changed since it was shown." in pages.words(answer)
    assert "SGD 50.00 unused" in pages.words(answer)
    again = pages.form(answer, action="/apply/")
    done = step(client, again, choice="credit_note", note="CN-1", acknowledge="difference:CN-1")
    assert done.status_code == 302


def test_many_notes_are_searched_for(client_of):
    client = client_of("agent")
    made = factories.subscription()
    for number in range(30):
        factories.credit_note(made.organisation, net=str(1 + number), number=f"CN-{number:03}")
    choice = to_choice(client, made)
    assert "There are more credit notes than are shown here." in pages.words(choice)
    assert "CN-003" not in pages.words(choice)
    asked = pages.form(choice, action="/apply/").data(note_search="CN-003")
    found = client.post(address(made, "choice"), asked)
    assert "CN-003, SGD 4.00" in pages.words(found)
    assert "CN-029" not in pages.words(found)
    form = pages.form(found, action="/apply/")
    done = step(client, form, choice="credit_note", note="CN-003", acknowledge="difference:CN-003")
    assert done.status_code == 302


def test_the_note_and_the_invoice_say_what_the_note_stands_for_and_what_was_taken_back(agent, client_of, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="45.87", tax="4.13"),))
    note = factories.credit_note(made.organisation, net="50", number="CN-1")
    record = use(made, by=agent, at=now)
    line = factories.charge_of(made)
    client = client_of("auditor")
    where = reverse("invoicing:credit_note", args=[note.uuid])
    page = client.get(where)
    said = pages.words(page)
    assert "What it stands for" in said
    assert f"{line.invoice.number} Termination {record.uuid} SGD 45.87 SGD 4.13 SGD 50.00" in said, (
        "charge, invoice, termination, net, tax, amount"
    )
    assert reverse("subscriptions:termination", args=[record.uuid]) in page.content.decode()
    assert f"SGD 50.00 put into Available Credits on 10 March 2026 by {agent.name}." in said
    invoicing_operations.take_back_of_note(
        note_uuid=note.uuid,
        applied={},
        put_in={CreditNotePutInLine.objects.get().pk: D("12.50")},
        reason="Put in too much.",
        request_id=uuid.uuid4(),
        by=agent,
        at=now,
    )
    said = pages.words(client.get(where))
    assert (
        f"SGD 50.00 put into Available Credits on 10 March 2026 by {agent.name}; SGD 12.50 of it was taken back."
        in said
    )
    invoice = pages.words(client.get(reverse("invoicing:invoice", args=[line.invoice.uuid])))
    assert "Credit notes that name these charges or stand for them" in invoice
    assert re.search(r"CN-1 \S+ applied .*SGD 50\.00", invoice, re.IGNORECASE)


def test_a_note_that_stands_for_nothing_says_nothing_of_it(client_of):
    note = factories.credit_note(factories.OrganisationFactory.create(), net="50")
    said = pages.words(client_of("auditor").get(reverse("invoicing:credit_note", args=[note.uuid])))
    assert "stands for" not in said.lower()


# ---- How it is divided


def test_a_note_is_put_in_at_most_by_what_it_gives_back_and_what_was_paid():
    charges = [
        invoicing_policies.Usable(line_id=1, given=D(10), room=D(4)),
        invoicing_policies.Usable(line_id=2, given=D(3), room=D(20)),
        invoicing_policies.Usable(line_id=3, given=D(5), room=D(-1)),
    ]
    assert invoicing_policies.put_in(D(20), free=D(2), charges=charges) == ((1, D(4)), (2, D(3)), (None, D(2)))
    assert invoicing_policies.put_in(D(5), free=D(2), charges=charges) == ((1, D(4)), (2, D(1)))
    assert invoicing_policies.put_in(D(0), free=D(2), charges=charges) == ()


def test_the_choice_tells_what_each_note_would_do_waiting_and_used(client_of):
    """Told before it is done, and done as it was told."""
    made = factories.subscription(cycles=(C("2026-03-01", net="50", paid="30"),))
    factories.credit_note(made.organisation, net="50", line=factories.charge_of(made), number="CN-1")
    waiting = (
        "SGD 0.00 into Available Credits, SGD 0.00 cancelled on open invoices, SGD 20.00 still owed, "
        "SGD 50.00 by credit note."
    )
    said = pages.words(to_choice(client_of("agent"), made))
    assert waiting in said
    assert "used now" not in said
    billing = client_of("billing")
    choice = to_choice(billing, made)
    assert f"If it waits: {waiting}" in pages.words(choice)
    assert (
        "If it is used now: SGD 30.00 into Available Credits, SGD 20.00 cancelled on open invoices, SGD 0.00 still "
        "owed, SGD 0.00 by credit note." in pages.words(choice)
    )
    form = pages.form(choice, action="/apply/")
    done = step(billing, form, choice="credit_note", note="CN-1", use_now="1")
    record = pages.words(billing.get(done["Location"]))
    invoice = factories.charge_of(made).invoice.number
    assert (
        f"Credit note CN-1 is the refund. SGD 20.00 of it was applied to {invoice}. "
        "SGD 30.00 of it was added to Available Credits." in record
    )
    assert f"Into Available Credits SGD 30.00 Cancelled on open invoices SGD 20.00 on {invoice}" in record
    assert "Stays owed SGD 0.00 By credit note SGD 0.00 waits on CN-1" in record
