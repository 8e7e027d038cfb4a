"""What corrections of a termination gave back counts: the correction asks, and so does a later note."""

import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from customers.models import LedgerEntry
from invoicing import operations as invoicing_operations
from invoicing import refusals as invoicing_refusals
from invoicing.models import CreditNote
from subscriptions.models import Termination
from subscriptions.record import operations, refusals
from subscriptions.record.selectors import corrections
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.races import at_once
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(agent, now):
    """End a subscription that was charged 100 and 50, all paid: 50 went back."""
    made = factories.subscription(cycles=(C("2026-01-01", net="100"), C("2026-03-01", net="50")))
    return terminate(made, by=agent, at=now).termination


def correct(termination, amount, agent, now, **changed):
    wanted = {
        "termination_uuid": termination.uuid,
        "amount": Decimal(amount),
        "reason": "Counted wrongly",
        "seen_seq": None,
        "is_confirmed": False,
        "request_id": uuid.uuid4(),
        "by": agent,
        "at": now,
    }
    return operations.correct_termination(**(wanted | changed))


def test_a_correction_within_what_was_charged_asks_nothing(ended, agent, now):
    assert ended.credited == 50
    assert correct(ended, "100", agent, now).amount == 100
    assert correct(ended, "-20.5", agent, now).after == Decimal("129.5")


def test_a_correction_above_what_was_charged_asks(ended, agent, now):
    correct(ended, "99", agent, now)
    with pytest.raises(refusals.GivesBackAboveCharged) as asked:
        correct(ended, "1.000001", agent, now)
    assert str(asked.value) == (
        f"With this, notes, waivers, refunds and corrections of the termination {ended.uuid} come to"
        " SGD 150.000001, which is more than its charges: SGD 150.00."
    )
    assert LedgerEntry.objects.filter(kind="correction").count() == 1
    request_id = uuid.uuid4()
    entry = correct(ended, "1.01", agent, now, is_confirmed=True, request_id=request_id)
    # The lost answer asks nothing again.
    assert correct(ended, "1.01", agent, now, request_id=request_id) == entry
    # What takes back never asks.
    assert correct(ended, "-200", agent, now).amount == -200


def test_the_form_of_a_correction_asks_beside_the_balance(ended, client_of):
    billing = client_of("billing")
    where = reverse("subscriptions:correction", args=[ended.uuid])
    form = pages.form(billing.get(where), action="/correction/")
    preview = billing.post(where, form.data(direction="add", amount="100.01", reason="More"))
    words = pages.words(preview)
    assert "come to SGD 150.01, which is more than its charges: SGD 150.00." in words
    assert "Balance after posting SGD 150.01" in words
    form = pages.form(preview, action="/correction/")
    assert billing.post(where, form.data()).status_code == 409
    assert not LedgerEntry.objects.filter(kind="correction").exists()
    assert billing.post(where, form.data(is_confirmed="on")).status_code == 303
    assert LedgerEntry.objects.get(kind="correction").amount == Decimal("100.01")


def note_of(termination, net):
    line = factories.charge_of(termination.subscription, "2026-01-01")
    return factories.credit_note(line.invoice.organisation, net=net, line=line, status="draft")


def send(note, agent, now, **changed):
    wanted = {"note_uuid": note.uuid, "reason": "Agreed", "is_confirmed": False, "request_id": uuid.uuid4()}
    return invoicing_operations.mark_as_sent(**(wanted | changed), by=agent, at=now)


def test_a_note_after_a_correction_asks_before_it_is_sent(ended, agent, now):
    assert send(note_of(ended, "10"), agent, now).status == "sent", "nothing was corrected: the caps are enough"
    correct(ended, "80", agent, now)
    assert send(note_of(ended, "10"), agent, now).status == "sent"
    note = note_of(ended, "0.01")
    with pytest.raises(invoicing_refusals.SendingAsks, match=r"come to SGD 150\.01, which is more"):
        send(note, agent, now)
    note.refresh_from_db()
    assert note.status == "draft"
    assert send(note, agent, now, is_confirmed=True).status == "sent"


def test_the_form_of_mark_as_sent_asks(ended, agent, now, client_of):
    correct(ended, "100", agent, now)
    note = note_of(ended, "5")
    billing = client_of("billing")
    where = reverse("invoicing:send_credit_note", args=[note.uuid])
    asked = billing.get(where)
    assert "come to SGD 155.00, which is more than its charges: SGD 150.00." in pages.words(asked)
    form = pages.form(asked, action="/send/")
    assert billing.post(where, form.data(reason="Agreed")).status_code == 409
    assert billing.post(where, form.data(reason="Agreed", is_confirmed="on")).status_code == 303
    assert CreditNote.objects.get(pk=note.pk).status == "sent"


@pytest.mark.django_db(transaction=True)
def test_a_correction_and_a_note_at_once_do_not_both_go_unasked(ended, agent, now):
    correct(ended, "80", agent, now)
    note = note_of(ended, "15")
    answers = at_once(lambda: correct(ended, "15", agent, now), lambda: send(note, agent, now))
    asked = [
        answer
        for answer in answers
        if isinstance(answer, (refusals.GivesBackAboveCharged, invoicing_refusals.SendingAsks))
    ]
    assert len(asked) == 1, answers
    assert Termination.objects.count() == 1


@pytest.mark.parametrize("many", [1, 3])
def test_what_corrections_count_for_is_read_at_once(agent, now, django_assert_num_queries, many):
    """A note may name charges of many ended subscriptions: each has its own sums, in as many queries as one."""
    made = [
        factories.subscription(cycles=(C("2026-01-01", net=str(100 * place)), C("2026-03-01", net="50")))
        for place in range(1, many + 1)
    ]
    wanted = []
    amounts = {}
    for place, subscription in enumerate(made, start=1):
        termination = terminate(subscription, by=agent, at=now).termination
        correct(termination, str(place), agent, now)
        amounts[factories.charge_of(subscription, "2026-01-01").pk] = Decimal(place * 10)
        wanted.append((termination.uuid, 100 * place + 50, 50, place, place * 10))
    plain = factories.subscription()
    terminate(plain, by=agent, at=now)
    amounts[factories.charge_of(plain).pk] = Decimal(1)
    with django_assert_num_queries(4):
        found = corrections.corrected_with(amounts)
    told = [
        (given.termination_uuid, given.charged, given.by_charge, given.corrections, more) for given, more in found
    ]
    assert told == wanted, "what was not corrected asks nothing"
    unrelated = factories.invoice(plain.organisation, amounts=[("5", "0")]).lines.get()
    with django_assert_num_queries(1):
        assert corrections.corrected_with({unrelated.pk: Decimal(1)}) == []
