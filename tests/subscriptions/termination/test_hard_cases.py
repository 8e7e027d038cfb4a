"""Corners of the termination: long texts, other zones, forged choices, several notes, many cycles."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing import operations as invoicing_operations
from invoicing.models import CreditNoteLine
from portal.frame import SYSTEM
from subscriptions.clean_up.operations import expire
from subscriptions.models import Termination
from subscriptions.termination.quote import quotes
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import NOW, REASON, address, step, to_choice, to_refund
from tests.support.terminations import preview, terminate

pytestmark = pytest.mark.django_db

# One character that is written as two once it is composed.
GROWS = "\u0958"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    "changes",
    [
        {"requested_by": GROWS * 200},
        {"ticket": GROWS * 100},
        {"explanation": GROWS * 2000},
        {"requested_by": "\u200b"},
        {"explanation": "\u200b"},
    ],
)
def test_a_text_counts_as_it_is_kept(client_of, changes):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(client.get(address(made)), action="/refund/")
    assert step(client, form, **{**REASON, **changes}).status_code == 422


def test_who_and_when_are_told_in_the_organisations_zone(client_of):
    client = client_of("agent")
    made = factories.subscription()
    late = dt.datetime(2026, 3, 9, 22, 0, tzinfo=dt.UTC)  # 06:00 on the 10th in Singapore
    with time_machine.travel(late, tick=False):
        form = pages.form(to_choice(client, made, requested_on="2026-03-10"), action="/apply/")
        step(client, form, choice="automatic")
        again = client.get(address(made))
        assert again.status_code == 409
        assert (
            f"already terminated by {client.user.username} on 10 March 2026 at 06:00 (Asia/Singapore)"
            in pages.words(again)
        )
        detail = pages.words(client.get(address(made, "detail")))
        assert "10 March 2026, 06:00" in detail
        record = pages.words(
            client.get(reverse("subscriptions:termination", args=[Termination.objects.get().uuid]))
        )
        assert "10 March 2026" in record
        assert "06:00" in record


def test_simplified_termination_links_no_note(client_of, configure):
    configure(termination_method="simplified")
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="49", number="CN-1")
    form = pages.form(to_refund(client, made), action="/apply/")
    answer = step(client, form, choice="credit_note", note="CN-1")
    assert answer.status_code == 422
    assert "Total refund" in pages.words(answer)
    assert not Termination.objects.exists()


def test_a_choice_sent_for_an_expired_one_means_nothing(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 9))
    factories.credit_note(made.organisation, net="50", number="CN-1")
    form = pages.form(client.get(address(made, "terminate_expired")), action="/terminate-expired/")
    done = step(client, form, explanation="Gone.", choice="credit_note", note="CN-1")
    assert done.status_code == 302
    record = Termination.objects.get()
    assert (record.settlement, record.choice, record.credit_note) == ("nothing_due", "none", None)


def test_days_that_closed_in_a_cycle_that_is_over_are_told_too(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-02-09"), C("2026-03-09")))
    popup = to_refund(client, made, requested_on="2026-02-20")
    assert "The customer asked on 20 February 2026, within 14 days of the activation on 9 February 2026" in (
        pages.words(popup)
    )


def test_why_nothing_comes_back_is_said(client_of):
    client = client_of("agent")
    for fields, said in (
        ({"is_trial": True}, "it is a trial"),
        ({"billing_plan": "milestone"}, "a milestone contract"),
        ({"billing_plan": "as_incurred", "cycles": (C("2026-02-20"),)}, "an as-incurred contract"),
        ({"cycles": (C("2026-03-01", external=True),)}, "it was invoiced elsewhere"),
        ({"cycles": (C("2026-02-20"),)}, "the last month has begun"),
    ):
        made = factories.subscription(**fields)
        choice = to_choice(client, made)
        assert "Nothing will be refunded:" in pages.words(choice)
        assert said in pages.words(choice), said


def test_the_nightly_run_keeps_what_the_preview_would_say(now):
    made = factories.subscription(
        cycles=(C("2025-12-01", months=1, net="40", tax="3.6"), C("2026-01-01", net="50", paid="20")),
        expires_on=dt.date(2026, 2, 1),
        started_on="2025-12-01",
    )
    shown = quotes.document(preview(made, at=now))
    expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)
    record = Termination.objects.get()
    assert record.config_version
    assert record.quote == shown
    assert [part["amount"] for part in record.quote["owed"]] == ["30.00"]
    assert record.quote["terms"]["version"] == record.config_version.number
    assert (record.quote_id, record.explanation) == (None, "")


def test_the_nightly_run_takes_as_many_queries_for_six_as_for_one(now):
    counted = []
    for number in (1, 6):
        for _ in range(number):
            factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 1))
        with CaptureQueriesContext(connection) as queries:
            expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert Termination.objects.count() == 7


def test_a_note_of_nothing_that_names_a_cycle_names_it(client_of):
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="0", line=factories.charge_of(made), number="CN-0")
    form = pages.form(to_choice(client, made), action="/apply/")
    assert step(client, form, choice="automatic").status_code == 422


def test_a_partly_applied_note_can_be_chosen(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="20"),))
    note = factories.credit_note(made.organisation, net="100", number="CN-1", line=factories.charge_of(made))
    invoicing_operations.allocate(
        note_uuid=note.uuid,
        invoice_uuid=factories.charge_of(made).invoice.uuid,
        amount=Decimal(80),
        request_id=uuid.uuid4(),
        by=agent,
        at=now,
    )
    quote = preview(made, at=now)
    # 20 of the 100 was paid otherwise, and the note itself gives all of it back.
    shown = quote.note("CN-1")
    assert shown
    assert (shown.status, shown.difference, quote.total) == ("partly_applied", 0, 0)
    outcome = terminate(made, by=agent, at=now, choice=quotes.LinkNote("CN-1"))
    assert outcome.termination.settlement == "credit_note_linked"


def test_a_note_naming_two_subscriptions_is_taken_off_both_and_chosen_for_neither(agent, now):
    organisation = factories.OrganisationFactory.create()
    one, two = (factories.subscription(organisation=organisation) for _ in range(2))
    note = factories.credit_note(organisation, net="10", number="CN-1", line=factories.charge_of(one))
    # A portal note against an invoice may name charges of both.
    CreditNoteLine.objects.create(
        credit_note=note, line=factories.charge_of(two), currency="SGD", net=Decimal(5), tax=Decimal(0)
    )
    for made, refunded in ((one, 40), (two, 45)):
        quote = preview(made, at=now)
        assert [(note.is_taken_off, note.is_choosable) for note in quote.notes] == [(True, False)]
        outcome = terminate(made, by=agent, at=now)
        assert outcome.termination.credited == refunded
    note.refresh_from_db()
    assert note.holds == 2


def test_a_suspended_postpaid_customer_is_refunded_like_any_other_and_marked_unbilled(agent, now):
    organisation = factories.OrganisationFactory.create(status="suspended", payment_mode="postpaid")
    outcome = terminate(factories.subscription(organisation=organisation), by=agent, at=now)
    entry = outcome.termination.entry
    assert entry
    assert (entry.amount, entry.is_unbilled, entry.after) == (50, True, 50)
