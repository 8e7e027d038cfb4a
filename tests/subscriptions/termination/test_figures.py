"""The figures of an end: what is shown before it, and what is told after it, from what was written."""

import copy
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from invoicing import operations as invoicing_operations
from invoicing.models import CreditNoteAllocation
from portal.audit.models import AuditEntry
from portal.frame import Actor
from subscriptions.declares import letters
from subscriptions.models import Termination
from subscriptions.termination.quote import figures, quotes
from subscriptions.termination.quote.figures import Done, Part, Since
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import NOW, step, to_choice, to_refund
from tests.support.stored_quotes import CHARGED_BEFORE, SCHEMA_0, SCHEMA_1
from tests.support.terminations import preview, terminate

D = Decimal


def words(found):
    return [" ".join((figure.term, figure.amount, *figure.hints)) for figure in found]


def charge(line_id, invoice, *, waived="0.00", owed="0.00"):
    return {**CHARGED_BEFORE, "line_id": line_id, "invoice": invoice, "waived": waived, "owed": owed}


def document(*charges, **changes):
    found = copy.deepcopy(SCHEMA_0)
    found["lines"][0]["charges"] = list(charges)
    found["notes"] = []
    found.update(changes)
    return found


UNPAID = (
    charge(1, "IN-1", waived="135.71", owed="11.20"),
    charge(2, "IN-1", owed="5.00"),
    charge(3, "IN-2", waived="4.00"),
)


def test_what_no_credit_note_has_been_sent_would_do():
    found = document(*UNPAID, total="50.00")
    assert words(figures.shown(figures.figures(found, done=figures.automatic(found)))) == [
        "Into Available Credits SGD 50.00",
        "Cancelled on open invoices SGD 139.71 SGD 135.71 on IN-1 SGD 4.00 on IN-2",
        "Still owed SGD 16.20 on IN-1",
    ]


def test_while_allow_refund_is_off_nothing_goes_out_and_all_stays_owed():
    found = document(*UNPAID, total="50.00", terms={**SCHEMA_0["terms"], "allow_refund": False})
    done = figures.automatic(found)
    assert done == Done()
    assert words(figures.shown(figures.figures(found, done=done), why_nothing="Allow Refund is off")) == [
        "Into Available Credits SGD 0.00 Allow Refund is off",
        "Cancelled on open invoices SGD 0.00",
        "Still owed SGD 155.91 SGD 151.91 on IN-1 SGD 4.00 on IN-2",
    ]


def test_of_what_has_expired_nothing_goes_out():
    found = document(*UNPAID, case="expired")
    assert figures.automatic(found) == Done()


def test_a_note_that_waits_leaves_all_owed():
    found = document(*UNPAID)
    done = Done(note="CN-7", waits=D("50.00"))
    assert words(figures.shown(figures.figures(found, done=done))) == [
        "Into Available Credits SGD 0.00",
        "Cancelled on open invoices SGD 0.00",
        "Still owed SGD 155.91 SGD 151.91 on IN-1 SGD 4.00 on IN-2",
        "By credit note SGD 50.00 waits on CN-7",
    ]


def test_a_note_that_is_used_cancels_first_and_goes_into_available_credits_with_the_rest():
    found = document(*UNPAID)
    # One part went to a charge of another subscription on the same invoice: this one owes no less for it.
    applied = (Part(1, "IN-1", D("146.91")), Part(99, "IN-1", D("3.00")))
    done = Done(note="CN-7", applied=applied, put_in=D("20.09"))
    assert words(figures.shown(figures.figures(found, done=done))) == [
        "Into Available Credits SGD 20.09",
        "Cancelled on open invoices SGD 149.91 on IN-1",
        "Still owed SGD 9.00 SGD 5.00 on IN-1 SGD 4.00 on IN-2",
        "By credit note SGD 0.00 waits on CN-7",
    ]


def test_where_the_money_of_a_note_went_since_stands_beside_what_it_settled():
    later = (
        Since("applied", D("20.00"), date(2026, 3, 2), "billing", invoice="IN-1"),
        Since("put_in", D("25.00"), date(2026, 3, 4), "billing"),
        Since("taken_back", D("5.00"), date(2026, 3, 5), "root"),
    )
    done = Done(note="CN-7", waits=D("50.00"), since=later)
    assert done.still_waits == D("10.00")
    told = words(figures.shown(figures.figures(document(*UNPAID), done=done), is_done=True))[-1]
    assert told == (
        "By credit note SGD 50.00 SGD 20.00 applied to IN-1 on 2 March 2026 by billing "
        "SGD 25.00 put into Available Credits on 4 March 2026 by billing "
        "SGD 5.00 taken back of what CN-7 paid and put in on 5 March 2026 by root "
        "SGD 10.00 still waits on CN-7"
    )
    used_up = Done(note="CN-7", waits=D("50.00"), since=(Since("put_in", D("50.00"), date(2026, 3, 4), "billing"),))
    told = words(figures.shown(figures.figures(document(*UNPAID), done=used_up), is_done=True))[-1]
    assert told.endswith(
        "SGD 50.00 put into Available Credits on 4 March 2026 by billing nothing waits on CN-7 now"
    )


@pytest.mark.parametrize("schema", [SCHEMA_0, SCHEMA_1])
def test_unused_notes_that_name_the_subscription_stand_beside_what_is_owed(schema):
    note = schema["notes"][0]
    found = {
        **schema,
        "notes": [
            note,
            {**note, "number": "CN-4", "status": "partly_applied"},
            {**note, "number": "CN-5", "status": "applied"},
            {**note, "number": "CN-6", "names_this": False},
        ],
    }
    assert figures.figures(found, done=Done()).unused == ("CN-0000003", "CN-4")
    assert figures.figures(found, done=Done(note="CN-4")).unused == ("CN-0000003",)
    (owed,) = (one for one in figures.shown(figures.figures(found, done=Done())) if one.term == "Still owed")
    assert owed.hints == ("unused credit notes CN-0000003 and CN-4 name this subscription",)


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_no_total_is_headlined_that_is_not_paid(client_of, configure):
    """Allow Refund off: the popup says 0.000 first, and never that 40.119 goes anywhere."""
    configure(allow_refund=False)
    organisation = factories.OrganisationFactory.create(currency="KWD")
    made = factories.subscription(
        organisation=organisation, cycles=(C("2026-03-01", net="36.809", tax="3.310", paid="20"),)
    )
    number = factories.charge_of(made).invoice.number
    client = client_of("agent")
    said = pages.words(to_refund(client, made))
    assert (
        "Into Available Credits KWD 0.000 Allow Refund is off in Portal Config "
        "Cancelled on open invoices KWD 0.000 "
        f"Still owed KWD 20.119 on {number}" in said
    )
    assert "Total, not refunded: Allow Refund is off" in said
    assert "waived" not in said
    done = step(client, pages.form(to_choice(client, made), action="/apply/"), choice="automatic")
    record = pages.words(client.get(done["Location"]))
    assert (
        f"Nothing was refunded: Allow Refund is off in Portal Config. KWD 20.119 stays owed on {number}." in record
    )
    assert "Allow Refund was off, so that none of it was refunded or waived." in record


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_the_fee_is_told_where_the_sum_is_and_nowhere_else(client_of, configure):
    configure(charge_administrative_fee=True, fees={"SGD": "21.40"})
    made = factories.subscription(cycles=(C("2026-03-01", net="45.87", tax="4.13"),))
    said = pages.words(to_refund(client_of("agent"), made))
    assert "Into Available Credits SGD 28.60 SGD 50.00 less the administrative fee of SGD 21.40" in said
    assert "All cycles 50.00 50.00 45.87 4.13 50.00 Administrative fee SGD -21.40 Total refund SGD 28.60" in said


@pytest.mark.django_db
def test_the_record_of_a_note_tells_the_note_and_nothing_that_was_only_shown(client_of, agent, now):
    """HKD 209.45 by a note: neither the 50.00 nor the waiver of 159.45 of the popup happened."""
    organisation = factories.OrganisationFactory.create(currency="HKD")
    made = factories.subscription(organisation=organisation, cycles=(C("2026-03-01", net="209.45", paid="50.00"),))
    line = factories.charge_of(made)
    factories.credit_note(organisation, net="209.45", number="CN-0000012")
    quote = preview(made, at=now)
    assert (quote.to_credits, quote.refund.waived) == (D("50.00"), D("159.45"))
    record = terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-0000012")).termination
    page = client_of("auditor").get(reverse("subscriptions:termination", args=[record.uuid]))
    said = pages.words(page)
    told, _, shown_before = said.partition("As shown before")
    assert (
        "Credit note CN-0000012 is the refund. HKD 209.45 of it waits to be used. "
        f"HKD 159.45 stays owed on {line.invoice.number}" in told
    )
    assert "Into Available Credits HKD 0.00" in told
    assert "Cancelled on open invoices HKD 0.00" in told
    assert f"Stays owed HKD 159.45 on {line.invoice.number}" in told
    assert "By credit note HKD 209.45 waits on CN-0000012" in told
    assert "HKD 50.00" not in told
    assert "waived" not in told
    assert "A credit note was chosen as the refund, so that the system neither refunded nor waived any of it" in (
        shown_before
    )


@pytest.mark.django_db
def test_the_record_of_a_note_that_was_used_later_says_where_it_went(client_of, agent, now):
    """What was settled at Apply stays told, and beside it where the money is now."""
    billing = Actor(kind="agent", name="Bill Ling")
    made = factories.subscription(cycles=(C("2026-03-01", net="50", paid="30"),))
    line = factories.charge_of(made)
    note = factories.credit_note(made.organisation, net="60", number="CN-1")
    invoicing_operations.allocate(
        note_uuid=note.uuid,
        invoice_uuid=line.invoice.uuid,
        amount=D(4),
        request_id=uuid.uuid4(),
        by=billing,
        at=now - timedelta(hours=1),
    )
    record = terminate(
        made, by=agent, at=now, choice=quotes.LinkNote("CN-1"), acknowledged=("difference:CN-1",)
    ).termination
    invoicing_operations.put_into_credits(
        note_uuid=note.uuid, request_id=uuid.uuid4(), by=billing, at=now + timedelta(days=2)
    )
    paid, _ = CreditNoteAllocation.objects.order_by("-pk")
    invoicing_operations.take_back_of_note(
        note_uuid=note.uuid,
        applied={paid.pk: D(6)},
        put_in={},
        reason="Applied by mistake.",
        request_id=uuid.uuid4(),
        by=billing,
        at=now + timedelta(days=3),
    )
    said = pages.words(client_of("auditor").get(reverse("subscriptions:termination", args=[record.uuid])))
    assert "Credit note CN-1 is the refund. SGD 56.00 of it waited to be used then." in said
    assert (
        f"By credit note SGD 56.00 SGD 16.00 applied to {line.invoice.number} on 12 March 2026 by {billing.name} "
        f"SGD 40.00 put into Available Credits on 12 March 2026 by {billing.name} "
        f"SGD 6.00 taken back of what CN-1 paid and put in on 13 March 2026 by {billing.name} "
        "SGD 6.00 still waits on CN-1" in said
    )
    letter = letters.text_of(cause_id=record.uuid, is_for_customer=True).body
    assert "SGD 6.00 of it can still be used." in letter


@pytest.mark.django_db
def test_history_audit_and_message_tell_the_same_figures(agent, now):
    made = factories.subscription(
        cycles=(C("2025-10-01", months=12, net="249.00", tax="22.41", paid="124.50"),), started_on="2025-10-01"
    )
    number = factories.charge_of(made).invoice.number
    terminate(made, by=agent, at=now)
    told = (
        "Nothing was refunded: what was not used is set against what is still owed. "
        f"SGD 135.71 was waived on {number}. SGD 11.20 stays owed on {number}."
    )
    event = AuditEntry.objects.get(kind="subscription.terminated")
    assert event.data["told"] == told
    assert event.description.endswith(told)
    assert (event.data["credited"], event.data["waived"], event.data["currency"]) == (None, "135.71", "SGD")
    record = Termination.objects.get()
    assert record.waived == D("135.71")
    letter = letters.text_of(cause_id=record.uuid, is_for_customer=True).body
    assert (
        f"SGD 135.71 that was not used is no longer owed on {number}.\nSGD 11.20 is still owed on {number}."
        in letter
    )
