"""The same money never goes back twice: candidates, notes of a twin, what was offered, and what is acknowledged.

Source: domain.md 3, "Never twice".
"""

import datetime as dt
import uuid
from decimal import Decimal as D

import pytest
import time_machine
from django.db import connection

from customers.models import LedgerEntry
from invoicing import operations as invoicing_operations
from invoicing.models import ChargeLine, CreditNoteHold, CreditNoteStand
from subscriptions.models import CycleCharge
from subscriptions.selectors import reading
from subscriptions.termination import refusals
from subscriptions.termination.quote import acknowledgements, quotes
from subscriptions.termination.selectors import credit_notes
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import NOW, to_refund
from tests.support.terminations import preview, request, seen_of, terminate, to_confirm

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _deferred_keys_hold():
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def candidates(quote):
    return {note.number: note.candidate for note in quote.candidates}


# ---- Candidates


def test_last_months_goodwill_is_not_taken_for_this_refund(agent, now):
    """Months cost the same, so that their notes do, too."""
    made = factories.subscription(cycles=(C("2026-02-01", net="209.45"), C("2026-03-01", net="209.45", paid="50")))
    factories.credit_note(
        made.organisation, net="209.45", line=factories.charge_of(made, "2026-02-01"), number="CN-FEB"
    )
    quote = preview(made, at=now)
    (note,) = quote.notes
    assert (note.gives_nothing_today, note.candidate, quote.refund.refunds, quote.refund.waived) == (
        True,
        "",
        50,
        D("159.45"),
    )
    (needed,) = acknowledgements.of_note(quote, note=note)
    assert needed.text == (
        "I know that credit note CN-FEB (SGD 209.45) gave back what comes to nothing today: "
        "the refund of SGD 50.00 and the waiver of SGD 159.45 will not be made."
    )
    with pytest.raises(refusals.AcknowledgementMissing):
        terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-FEB"))
    record = terminate(made, by=agent, at=now).termination
    assert (record.credited, record.waived) == (50, D("159.45"))
    assert not CreditNoteHold.objects.exists()


@pytest.mark.parametrize("net", ["50", "40"])
def test_a_free_note_with_the_sum_of_the_refund_is_a_candidate(agent, now, configure, net):
    """With the sum of what is left or refunded, or with that after the fee."""
    configure(fees={"SGD": "10"}, charge_administrative_fee=True)
    made = factories.subscription()
    factories.credit_note(made.organisation, net=net, number="CN-FREE")
    quote = preview(made, at=now)
    assert candidates(quote) == {"CN-FREE": "same_sum"}
    with pytest.raises(refusals.AcknowledgementMissing, match="CN-FREE .* has the sum of this refund"):
        terminate(made, by=agent, at=now)
    assert terminate(made, by=agent, at=now, acknowledged=["double:CN-FREE"]).termination.credited == 40


def test_a_free_note_with_the_sum_of_the_day_of_asking_is_a_candidate(agent, now):
    made = factories.subscription(cycles=(C("2026-02-20", months=2, net="100"),), started_on="2026-02-20")
    factories.credit_note(made.organisation, net="100", number="CN-FREE")
    late = now + dt.timedelta(days=5)
    assert candidates(preview(made, at=late)) == {}
    assert candidates(preview(made, at=late, asked_on=dt.date(2026, 3, 6))) == {"CN-FREE": "same_sum"}
    asked = request(requested_on=dt.date(2026, 3, 6))
    with pytest.raises(refusals.AcknowledgementMissing):
        terminate(made, by=agent, at=late, asked=asked)


def test_of_many_notes_with_the_same_sum_five_are_named(agent, now):
    made = factories.subscription()
    for number in range(8):
        factories.credit_note(made.organisation, net="50", number=f"CN-{number}")
    quote = preview(made, at=now)
    assert list(candidates(quote)) == ["CN-7", "CN-6", "CN-5", "CN-4", "CN-3"]
    assert quote.further_candidates == 3
    needed = to_confirm(quote, choice=quotes.Automatic())
    assert needed == [f"double:CN-{n}" for n in (7, 6, 5, 4, 3)] + ["further"]
    with pytest.raises(refusals.AcknowledgementMissing, match="3 more credit notes have the sum"):
        terminate(made, by=agent, at=now, acknowledged=needed[:-1])
    terminate(made, by=agent, at=now, acknowledged=needed)


def test_a_note_of_another_sum_customer_or_cycle_is_none(agent, now):
    made = factories.subscription()
    neighbour = factories.subscription(organisation=made.organisation)
    factories.credit_note(made.organisation, net="49.99")
    factories.credit_note(factories.OrganisationFactory.create(), net="50")
    factories.credit_note(made.organisation, net="50", line=factories.charge_of(neighbour))
    factories.credit_note(made.organisation, net="50", status="draft")
    assert candidates(preview(made, at=now)) == {}


def twins():
    """Two subscriptions of one plan, charged on one invoice for the same days."""
    organisation = factories.OrganisationFactory.create()
    first = factories.subscription(organisation=organisation, numbers=("+6561234567",))
    second = factories.subscription(organisation=organisation, plan=first.plan, numbers=("+6561234568",))
    line, other = factories.charge_of(first), factories.charge_of(second)
    joined = ChargeLine.objects.create(
        invoice=line.invoice, currency="SGD", kind="plan", description=other.description, net=50, tax=0
    )
    type(line.invoice).objects.filter(pk=line.invoice_id).update(charged=100, status="awaiting_payment")
    CycleCharge.objects.filter(line=other).update(line=joined)
    factories.pay(joined, "50")
    return first, second


def test_a_note_that_names_the_twin_is_shown_and_confirmed(agent, now):
    """Billing credits the wrong one of two equal lines, and the agent refunds the right one."""
    first, second = twins()
    factories.credit_note(first.organisation, net="50", line=factories.charge_of(second), number="CN-TWIN")
    quote = preview(first, at=now)
    (note,) = quote.candidates
    assert (note.candidate, note.is_choosable) == ("twin", False)
    assert "+6561234568" in note.about
    with pytest.raises(refusals.AcknowledgementMissing, match=r"names .*\+6561234568.*, not this subscription"):
        terminate(first, by=agent, at=now)
    with pytest.raises(refusals.CreditNoteNotUsable):
        terminate(first, by=agent, at=now, choice=quotes.LinkNote("CN-TWIN"))
    terminate(first, by=agent, at=now, acknowledged=["double:CN-TWIN"])


def test_a_twin_with_other_days_or_nothing_left_is_none(agent, now):
    first, second = twins()
    factories.credit_note(first.organisation, net="50", line=factories.charge_of(second), number="CN-TWIN")
    CycleCharge.objects.filter(line=factories.charge_of(second)).update(day_after=dt.date(2026, 3, 31))
    assert candidates(preview(first, at=now)) == {}


def test_a_note_above_what_another_termination_needed_is_a_candidate(agent, now):
    organisation = factories.OrganisationFactory.create()
    first, second = (factories.subscription(organisation=organisation) for _ in range(2))
    factories.credit_note(organisation, net="80", number="CN-1")
    terminate(first, by=agent, at=now, choice=quotes.LinkNote("CN-1"), acknowledged=["difference:CN-1"])
    quote = preview(second, at=now)
    (note,) = quote.candidates
    assert (note.candidate, note.is_choosable) == ("above", False)
    assert str(first.uuid)[:8] in note.about
    with pytest.raises(refusals.AcknowledgementMissing, match="above what was needed"):
        terminate(second, by=agent, at=now)
    terminate(second, by=agent, at=now, acknowledged=["double:CN-1"])


def test_a_note_that_settled_exactly_is_none(agent, now):
    organisation = factories.OrganisationFactory.create()
    first, second = (factories.subscription(organisation=organisation) for _ in range(2))
    factories.credit_note(organisation, net="50", number="CN-1")
    terminate(first, by=agent, at=now, choice=quotes.LinkNote("CN-1"))
    assert candidates(preview(second, at=now)) == {}
    assert terminate(second, by=agent, at=now).termination.credited == 50


def test_nothing_is_confirmed_where_nothing_would_be_given_back(agent, now, configure):
    configure(allow_refund=False)
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", number="CN-FREE")
    assert candidates(preview(made, at=now)) == {"CN-FREE": "same_sum"}
    assert terminate(made, by=agent, at=now).termination.settlement == "nothing_due"


# ---- What is offered and sealed


def test_a_used_up_note_that_names_no_charge_can_be_the_refund(agent, now):
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", status="applied", number="CN-1")
    record = terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1")).termination
    assert (record.settlement, CreditNoteStand.objects.get().amount) == ("credit_note_linked", 50)


def test_twenty_notes_are_offered_and_the_others_are_found(agent, now, django_assert_num_queries):
    made = factories.subscription()
    for number in range(30):
        factories.credit_note(made.organisation, net=str(1 + number), number=f"CN-{number:03}")
    named = factories.credit_note(made.organisation, net="30", line=factories.charge_of(made), number="CN-NAMES")
    found = reading.find(made.uuid)
    quote = preview(made, at=now)
    with django_assert_num_queries(1):
        shown, has_more = credit_notes.choosable_notes(found, quote=quote)
    assert [note.number for note in shown] == [
        named.number,
        "CN-019",
        *(f"CN-{n:03}" for n in range(29, 10, -1) if n != 19),
    ]
    assert has_more
    # Only what decides is sealed, not the rest of the organisation's notes.
    assert [note["number"] for note in quotes.document(quote)["notes"]] == ["CN-NAMES", "CN-019"]
    for search, numbers in (
        ("cn-003", ["CN-003"]),
        ("n-02", [f"CN-02{n}" for n in range(9, -1, -1)]),
        ("4", ["CN-024", "CN-014", "CN-004", "CN-003"]),
        ("SGD 4.00", ["CN-003"]),
    ):
        shown, has_more = credit_notes.choosable_notes(found, quote=quote, search=search)
        assert [note.number for note in shown if not note.candidate and not note.names_this] == numbers
        assert not has_more


def test_a_chosen_note_that_changed_since_it_was_offered_is_refused(agent, now):
    made = factories.subscription()
    note = factories.credit_note(made.organisation, net="60", number="CN-1")
    seen = seen_of(preview(made, at=now))
    invoice = factories.invoice(made.organisation, amounts=[("10", "0")], paid=["0"])
    invoicing_operations.allocate(
        note_uuid=note.uuid, invoice_uuid=invoice.uuid, amount=D(10), request_id=uuid.uuid4(), by=agent, at=now
    )
    with pytest.raises(refusals.CreditNoteChanged, match="CN-1 changed since it was shown"):
        terminate(
            made,
            by=agent,
            at=now,
            seen=seen,
            choice=quotes.LinkNote("CN-1"),
            acknowledged=["difference:CN-1"],
        )
    # The others of the organisation don't matter.
    terminate(made, by=agent, at=now, seen=seen)


def test_a_note_that_was_not_offered_is_refused(agent, now):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    factories.credit_note(made.organisation, net="60", number="CN-LATE")
    with pytest.raises(refusals.CreditNoteNotUsable):
        terminate(
            made,
            by=agent,
            at=now,
            seen=seen,
            choice=quotes.LinkNote("CN-LATE"),
            acknowledged=["difference:CN-LATE"],
        )


# ---- Large sums


def test_a_balance_that_no_account_holds_is_a_sentence(agent, now):
    organisation = factories.OrganisationFactory.create(account=D("9999999999990"))
    made = factories.subscription(organisation=organisation)
    with pytest.raises(refusals.CreditsOutOfRange, match="Not all of SGD 50.00 can be added.*Nothing was written"):
        terminate(made, by=agent, at=now)
    assert LedgerEntry.objects.count() == 1


def test_waivers_add_up_beyond_the_width_of_an_amount(agent, now):
    most = "999999999999.99"
    made = factories.subscription(cycles=tuple(C(f"2026-0{month}-01", net=most, paid="0") for month in (3, 4, 5)))
    record = terminate(made, by=agent, at=now).termination
    assert record.waived == 3 * D(most)


# ---- On screen


def test_the_popup_shows_what_a_twins_note_names_and_what_to_do(client_of):
    first, second = twins()
    factories.credit_note(first.organisation, net="50", line=factories.charge_of(second), number="CN-TWIN")
    factories.credit_note(first.organisation, net="50", number="CN-FREE")
    with time_machine.travel(NOW, tick=False):
        said = pages.words(to_refund(client_of("agent"), first))
    assert "Credit note CN-TWIN SGD 50.00 names SIP Trunk monthly · +6561234568" in said
    assert "if it was meant for this subscription, void it and write it again" in said
    assert "Credit note CN-FREE SGD 50.00 names no charge and has the sum of this refund" in said
