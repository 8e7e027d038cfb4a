"""Real transactions at the same time: each thread has its own connection, and its own commit."""

import datetime as dt
import threading
import uuid
from decimal import Decimal

import pytest

from customers.models import CreditAccount, LedgerEntry
from invoicing import operations as invoicing_operations
from invoicing import refusals as invoicing_refusals
from invoicing.models import ChargeLine, CreditNoteAllocation, CreditNoteHold, CreditNotePutIn
from invoicing.operations import putting_in
from portal.frame import SYSTEM, Actor
from subscriptions.clean_up.operations import expire
from subscriptions.models import Termination
from subscriptions.termination import operations, refusals, requested
from subscriptions.termination.quote import quotes
from tests.support import factories
from tests.support.races import apply_by, at_once
from tests.support.terminations import preview, seen_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_agents_one_subscription_one_refund(make_user, now):
    made = factories.subscription()
    agents = [Actor.of(make_user("agent", f"agent-{n}")) for n in range(8)]
    answers = at_once(*(apply_by(made, by, at=now) for by in agents))
    done = [a for a in answers if isinstance(a, operations.Outcome)]
    refused = [a for a in answers if isinstance(a, refusals.AlreadyTerminated)]
    assert (len(done), len(refused)) == (1, 7), answers
    assert all(f"by {done[0].termination.actor} on 10 March 2026" in str(r) for r in refused)
    assert LedgerEntry.objects.count() == Termination.objects.count() == 1


def test_the_same_seal_at_the_same_instant_is_applied_once(agent, now):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    answers = at_once(*(apply_by(made, agent, at=now, seen=seen) for _ in range(4)))
    assert {a.termination.pk for a in answers} == {Termination.objects.get().pk}
    assert sorted(a.is_repeat for a in answers) == [False, True, True, True]
    assert CreditAccount.objects.get().balance == 50


def test_one_note_chosen_for_two_subscriptions_settles_one(agent, now):
    organisation = factories.OrganisationFactory.create()
    both = [factories.subscription(organisation=organisation) for _ in range(2)]
    factories.credit_note(organisation, net="50", number="CN-1")
    choice = quotes.LinkNote("CN-1")
    answers = at_once(*(apply_by(made, agent, at=now, choice=choice) for made in both))
    assert sum(isinstance(a, operations.Outcome) for a in answers) == 1, answers
    assert sum(isinstance(a, refusals.QuoteChanged | refusals.CreditNoteNotUsable) for a in answers) == 1
    assert CreditNoteHold.objects.count() == 1


def test_two_refunds_into_one_account_add_up(agent, now):
    organisation = factories.OrganisationFactory.create(account=Decimal("1.5"))
    both = [factories.subscription(organisation=organisation) for _ in range(2)]
    answers = at_once(*(apply_by(made, agent, at=now) for made in both))
    assert all(isinstance(a, operations.Outcome) for a in answers), answers
    account = CreditAccount.objects.get()
    assert (account.balance, account.last_seq) == (Decimal("101.5"), 3)


def test_an_agent_and_the_clean_up_end_it_once(agent, now):
    made = factories.subscription(cycles=(factories.C("2026-01-01"),), expires_on=dt.date(2026, 2, 1))
    seen = seen_of(preview(made, at=now))

    def by_hand():
        return operations.terminate(
            subscription_uuid=made.uuid,
            request=requested.ExpiredRequest("Long gone."),
            choice=quotes.Automatic(),
            acknowledged=(),
            seen=seen,
            by=agent,
            at=now,
        )

    def by_night():
        return expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)

    hand, night = at_once(by_hand, by_night)
    assert Termination.objects.count() == 1
    assert isinstance(hand, operations.Outcome) == (night.terminated == 0), (hand, night)


def test_a_note_that_a_termination_links_while_its_button_waits_is_not_used(agent, now, monkeypatch):
    made = factories.subscription(cycles=(factories.C("2026-03-01", paid="20"),))
    note = factories.credit_note(made.organisation, net="50", number="CN-1")
    seen = seen_of(preview(made, at=now))
    has_read, may_go_on = threading.Event(), threading.Event()
    charges = putting_in._charges

    def read_and_wait(note_uuid):
        found = charges(note_uuid)
        if not has_read.is_set():
            has_read.set()
            assert may_go_on.wait(60)
        return found

    monkeypatch.setattr(putting_in, "_charges", read_and_wait)
    form = uuid.uuid4()

    def press():
        return invoicing_operations.put_into_credits(note_uuid=note.uuid, request_id=form, by=agent, at=now)

    def end():
        try:
            assert has_read.wait(60)
            return apply_by(made, agent, at=now, seen=seen, choice=quotes.LinkNote("CN-1"))()
        finally:
            may_go_on.set()

    pressed, ended = at_once(press, end)
    assert isinstance(ended, operations.Outcome), ended
    assert isinstance(pressed, invoicing_refusals.NoteJustSettled), pressed
    assert str(pressed) == "CN-1 has just become the refund of a termination. Send it again."
    line = ChargeLine.objects.get()
    assert (line.paid, line.noted, line.put_in) == (20, 50, 0)
    for written in (LedgerEntry, CreditNoteAllocation, CreditNotePutIn):
        assert not written.objects.exists()
    # Sent again, it pays what is open of the charge it stands for now, and puts in what was paid of it.
    assert press().put_in == 20
    line.refresh_from_db()
    assert (line.paid, line.put_in, CreditAccount.objects.get().balance) == (50, 20, 20)
