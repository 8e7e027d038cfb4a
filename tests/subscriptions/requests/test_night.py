"""The night carries out what was asked for a day that is over."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from customers.models import CreditAccount, LedgerEntry
from invoicing import operations as invoicing_operations
from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from portal.jobs.models import Run, RunItem
from settings_app.models import TerminationReason
from subscriptions.clean_up.operations import expire
from subscriptions.declares import letters
from subscriptions.models import PhoneNumber, Subscription, Termination, TerminationRequest
from subscriptions.requests import operations, selectors
from subscriptions.requests.operations import carrying
from tests.support import factories, pages, scheduled
from tests.support.factories import C
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db(transaction=True)
LAST = dt.date(2026, 3, 31)
APRIL = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)


def night(at: dt.datetime = APRIL, **asked: Any) -> operations.Counts:
    return operations.carry_out_due(by=SYSTEM, at=at, **asked)


def two_months(**more: Any) -> Subscription:
    return factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01")), **more)


def test_it_ends_on_its_day_as_no_credit_note_has_been_sent(agent, now):
    made = two_months(numbers=("+6531234567",))
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    assert night() == operations.Counts(
        carried_out=1, needs_person=0, failed=0, is_dry_run=False, was_stopped=False
    )
    ended = Termination.objects.get()
    assert (ended.case, ended.choice, ended.settlement, ended.credited) == (
        "customer_request",
        "automatic",
        "credited",
        50,
    )
    assert (ended.terminated_on, ended.terminated_at) == (LAST, APRIL)
    assert (ended.actor_kind, ended.actor, ended.request_id) == ("system", "system", kept.pk)
    assert (ended.requested_by, ended.requested_on, ended.channel, ended.reason_id, ended.explanation) == (
        kept.requested_by,
        kept.requested_on,
        kept.channel,
        kept.reason_id,
        kept.explanation,
    )
    entry = LedgerEntry.objects.get()
    # Money moves on the day of the commit.
    assert (entry.amount, entry.on, entry.at) == (50, dt.date(2026, 4, 1), APRIL)
    kept.refresh_from_db()
    assert (kept.state, kept.termination_id, kept.closed_by) == ("carried_out", ended.pk, "system")
    made.refresh_from_db()
    assert (made.status, made.auto_renew) == ("terminated", False)
    # The later of the day and the commit.
    assert PhoneNumber.objects.get().reserved_through == dt.date(2026, 4, 29)
    for is_for_customer in (True, False):
        text = letters.text_of(cause_id=ended.uuid, is_for_customer=is_for_customer).body
        assert "When it was scheduled, the estimate was SGD 50.00 into Available Credits." in text
    event = AuditEntry.objects.get(kind="subscription.terminated")
    assert event.data["request"] == str(kept.uuid)
    assert event.data["told"].endswith(
        f"{agent.name} scheduled it on 10 March 2026 for Ms Tan; estimated then: SGD 50.00 into Available Credits."
    )


def test_the_run_counts_and_is_told(agent, now):
    scheduled.ask(two_months(), ends_on=LAST, by=agent, at=now)
    told: list[str] = []
    night(tell=lambda result: told.append(result.became))
    run = Run.objects.get()
    assert (run.kind, run.counts, told) == ("scheduled_ends", {"carried_out": 1}, ["carried_out"])
    part = run.parts.get()
    assert (part.name, part.state, part.total, part.counts) == ("carry_out", "done", 1, {"carried_out": 1})
    assert AuditEntry.objects.get(kind="scheduled_ends.finished").description == (
        "1 carried out, 0 need a person, 0 failed."
    )
    assert night().carried_out == 0
    assert Termination.objects.count() == 1


@pytest.mark.parametrize(
    ("zone", "over"),
    [
        ("Etc/GMT+12", dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)),
        ("Asia/Singapore", dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)),
        ("Pacific/Kiritimati", dt.datetime(2026, 3, 31, 10, tzinfo=dt.UTC)),
    ],
)
def test_the_day_is_over_where_the_organisation_is(agent, now, zone, over):
    made = two_months(organisation=factories.OrganisationFactory.create(timezone=zone))
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    early = over - dt.timedelta(seconds=1)
    assert night(early, is_dry_run=True).carried_out == night(early).carried_out == 0
    assert night(over).carried_out == 1
    assert Termination.objects.get().terminated_on == LAST


def test_a_late_run_takes_status_and_cycles_of_the_day(agent, now):
    """Three days late: on that day it was active, and its April had not begun."""
    made = factories.subscription(cycles=(C("2026-03-01"),))
    late = factories.subscription(cycles=(C("2026-03-20"), C("2026-04-20")))
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    at = dt.datetime(2026, 3, 22, 9, tzinfo=dt.UTC)
    scheduled.ask(late, ends_on=dt.date(2026, 4, 2), by=agent, at=at, requested_on=at.date())
    # By now the window of its first cycle is closed and the other subscription has expired.
    assert night(dt.datetime(2026, 4, 5, 9, tzinfo=dt.UTC)).carried_out == 2
    first, second = Termination.objects.order_by("subscription_id")
    assert (first.case, first.terminated_on, first.settlement) == ("customer_request", LAST, "nothing_due")
    # 13 days after the activation on the day asked for, 16 on that of the run.
    assert (second.terminated_on, second.credited) == (dt.date(2026, 4, 2), 100)


def test_a_cycle_that_was_renewed_past_the_day_comes_back(agent, now):
    made = factories.subscription(auto_renew=True)
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    assert kept.quote["total"] == "0.00"
    renewed = two_months(organisation=made.organisation)
    renewed.cycles.filter(first_day="2026-04-01").update(subscription=made)
    Subscription.objects.filter(pk=made.pk).update(expires_on=dt.date(2026, 4, 30))
    night()
    assert made.termination.credited == 50


def test_what_expired_before_its_day_waits_for_a_person(agent, now):
    """Renewed elsewhere, and the cycle was never imported."""
    made = factories.subscription(auto_renew=True)
    kept = scheduled.ask(made, ends_on=dt.date(2026, 4, 10), by=agent, at=now)
    at = dt.datetime(2026, 4, 11, 9, tzinfo=dt.UTC)
    assert night(at).needs_person == 1
    kept.refresh_from_db()
    assert (kept.state, kept.needs_person_since, kept.refusal_code) == ("open", at, "not_yet_terminable")
    assert (
        kept.refusal_sentence
        == "This subscription expired on 31 March 2026. It can be terminated from 29 April 2026."
    )
    assert kept.refusal_values == {"why": {"expired_on": "2026-03-31", "terminable_from": "2026-04-29"}}
    item = RunItem.objects.get()
    assert (item.outcome, item.subject_uuid, item.sentence) == ("held", made.uuid, kept.refusal_sentence)
    assert AuditEntry.objects.filter(kind="termination.needs_person", subject_uuid=made.uuid).count() == 1
    # It waits, and is not tried again; the clean-up leaves it alone.
    assert night(at + dt.timedelta(days=1)).needs_person == 0
    cleaned = expire.terminate_expired(
        as_of=None, limit=None, by=SYSTEM, at=at + dt.timedelta(days=90), is_also_renewing=True
    )
    assert (cleaned.terminated, cleaned.held) == (0, 0)


def test_what_had_expired_long_before_its_day_ends_as_that(agent, now):
    made = factories.subscription(auto_renew=True)
    kept = scheduled.ask(made, ends_on=dt.date(2026, 6, 1), by=agent, at=now)
    assert night(dt.datetime(2026, 6, 2, 9, tzinfo=dt.UTC)).carried_out == 1
    ended = Termination.objects.get()
    assert (ended.case, ended.explanation, ended.requested_by, ended.request_id) == (
        "expired",
        kept.explanation,
        "",
        kept.pk,
    )


def test_a_note_that_may_be_the_refund_waits_for_a_person_who_carries_it_out(agent, now):
    made = two_months()
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    factories.credit_note(made.organisation, net="50", number="CN-1")
    assert night(is_dry_run=True).needs_person == 1
    assert not Run.objects.exists()
    assert night().needs_person == 1
    kept.refresh_from_db()
    assert kept.refusal_code == "acknowledgement_missing"
    assert "CN-1" in kept.refusal_sentence
    assert kept.refusal_values
    assert kept.refusal_values["missing"][0]["note"] == "CN-1"
    assert not Termination.objects.exists()
    person = scheduled.carry_out(kept, by=agent, at=APRIL, acknowledged=("double:CN-1",)).termination
    assert (person.terminated_on, person.actor, person.credited, person.request_id) == (
        LAST,
        agent.name,
        50,
        kept.pk,
    )
    kept.refresh_from_db()
    assert (kept.state, kept.refusal_code) == ("carried_out", "acknowledgement_missing")


def test_what_waits_for_a_person_is_not_carried_out_by_itself_any_more(agent, now):
    """Somebody is asked for it by then, and may have told the customer: nothing happens behind their back."""
    made = two_months()
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    note = factories.credit_note(made.organisation, net="50", number="CN-1")
    assert night().needs_person == 1
    invoicing_operations.void(note_uuid=note.uuid, reason="Wrong.", request_id=uuid.uuid4(), by=agent, at=APRIL)
    assert night(APRIL + dt.timedelta(days=1)).carried_out == 0
    assert not Termination.objects.exists()


def test_a_reason_that_is_no_longer_offered_stays_the_reason(agent, now):
    kept = scheduled.ask(two_months(), ends_on=LAST, by=agent, at=now)
    TerminationReason.objects.update(is_active=False)
    assert night().carried_out == 1
    assert Termination.objects.get().reason_id == kept.reason_id


def test_simplified_termination_and_refunds_switched_off(agent, now, configure):
    scheduled.ask(two_months(), ends_on=LAST, by=agent, at=now)
    configure(termination_method="simplified", allow_refund=False)
    assert night().carried_out == 1
    ended = Termination.objects.get()
    assert (ended.choice, ended.settlement) == ("simplified", "nothing_due")
    assert ended.nothing_reason == "Allow Refund is off in Portal Config"


def test_a_payment_between_computing_and_locks_is_computed_again(agent, now, monkeypatch):
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01", paid="0")))
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    quote, paid = carrying._quote, list[str]()

    def then_paid(due: Any) -> Any:
        found = quote(due)
        if not paid:
            paid.append("30")
            factories.pay(factories.charge_of(made, "2026-04-01"), *paid)
        return found

    monkeypatch.setattr(carrying, "_quote", then_paid)
    assert night().carried_out == 1
    assert (Termination.objects.get().credited, CreditAccount.objects.get().balance) == (30, Decimal(30))


def test_an_account_that_can_hold_no_more_waits_for_a_person(agent, now):
    organisation = factories.OrganisationFactory.create(account="9999999999999.98")
    scheduled.ask(two_months(organisation=organisation), ends_on=LAST, by=agent, at=now)
    assert night().needs_person == 1
    kept = TerminationRequest.objects.get()
    assert (kept.refusal_code, kept.refusal_values and kept.refusal_values["amount"]) == (
        "credits_out_of_range",
        "50.00",
    )


def test_a_guard_of_the_database_that_refuses_waits_for_a_person(agent, now):
    scheduled.ask(two_months(), ends_on=LAST, by=agent, at=now)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE subscriptions_termination ADD CONSTRAINT test_refusal CHECK (id < 0) NOT VALID")
    try:
        assert night().needs_person == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE subscriptions_termination DROP CONSTRAINT test_refusal")
    kept = TerminationRequest.objects.get()
    assert (kept.refusal_code, kept.refusal_values) == ("refused_by_database", {"constraint": "test_refusal"})


def test_a_run_that_is_stopped_or_dies_is_finished_by_the_next(agent, now, monkeypatch):
    for _ in range(3):
        scheduled.ask(two_months(), ends_on=LAST, by=agent, at=now)
    stops = iter([False, True])
    assert night(stop=lambda: next(stops)) == operations.Counts(
        carried_out=1, needs_person=0, failed=0, is_dry_run=False, was_stopped=True
    )
    carry_out = carrying.carry_out

    def dies(due: Any, **more: Any) -> Any:
        carry_out(due, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(carrying, "carry_out", dies)
        with pytest.raises(KeyboardInterrupt):
            night()
    assert night().carried_out == 1
    assert Termination.objects.count() == LedgerEntry.objects.count() == 3
    assert not TerminationRequest.objects.filter(state="open").exists()


def test_what_was_withdrawn_or_ended_meanwhile_is_left(agent, now, monkeypatch):
    gone, ended = two_months(), two_months()
    kept = scheduled.ask(gone, ends_on=LAST, by=agent, at=now)
    scheduled.ask(ended, ends_on=LAST, by=agent, at=now)
    found = selectors.due(at=APRIL)
    operations.withdraw(subscription_uuid=gone.uuid, request_uuid=kept.uuid, reason="They stay.", by=agent, at=now)
    terminate(ended, by=agent, at=now)
    assert [carrying.carry_out(due, by=SYSTEM, at=APRIL).became for due in found] == ["gone", "gone"]
    assert Termination.objects.count() == 1


def test_an_unknown_zone_fails_and_stays_open(agent, now):
    made = two_months()
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    type(made.organisation).objects.update(timezone="Mars/Olympus")
    assert night().failed == 1
    assert RunItem.objects.get().outcome == "failed"
    assert TerminationRequest.objects.get().state == "open"


def test_the_page_of_a_run_says_what_needs_a_person(agent, now, client_of):
    made = two_months(organisation=factories.OrganisationFactory.create(account="9999999999999.98"))
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    night()
    shown = pages.words(client_of("auditor").get(reverse("jobs:run", args=[Run.objects.get().uuid])))
    assert "Run of scheduled ends" in shown
    assert "Need a person 1" in shown
    assert RunItem.objects.get().sentence in shown
