"""Scheduled ends and real transactions at the same time: each thread has its own connection, and its own commit."""

import datetime as dt
from decimal import Decimal

import pytest

from customers.models import CreditAccount, LedgerEntry
from invoicing import refusals as invoicing_refusals
from portal.frame import SYSTEM, Actor
from subscriptions.models import Termination, TerminationRequest
from subscriptions.requests import operations, refusals, selectors
from subscriptions.requests.operations import carrying
from subscriptions.termination import operations as termination
from subscriptions.termination import refusals as termination_refusals
from tests.invoicing import booking
from tests.support import factories, scheduled
from tests.support.factories import C
from tests.support.races import apply_by, at_once
from tests.support.terminations import request, seen_of

pytestmark = pytest.mark.django_db(transaction=True)
LAST = dt.date(2026, 3, 31)
APRIL = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
TWO = (C("2026-03-01"), C("2026-04-01"))


def asking(made, by, now, *, seen=None):
    seen = seen or scheduled.seen(made, ends_on=LAST, at=now, asked_on=request().requested_on)
    return lambda: operations.ask(
        subscription_uuid=made.uuid, request=request(), ends_on=LAST, seen=seen, by=by, at=now
    )


def test_eight_ask_and_one_is_kept(make_user, now):
    made = factories.subscription(cycles=TWO)
    agents = [Actor.of(make_user("agent", f"agent-{n}")) for n in range(8)]
    answers = at_once(*(asking(made, by, now) for by in agents))
    assert sum(isinstance(a, operations.Asked) for a in answers) == 1, answers
    assert sum(isinstance(a, refusals.AskedAlready) for a in answers) == 7
    assert TerminationRequest.objects.count() == 1


def test_a_double_click_asks_once(agent, now):
    made = factories.subscription(cycles=TWO)
    seen = scheduled.seen(made, ends_on=LAST, at=now, asked_on=request().requested_on)
    answers = at_once(*(asking(made, agent, now, seen=seen) for _ in range(4)))
    assert sorted(a.is_repeat for a in answers) == [False, True, True, True]
    assert TerminationRequest.objects.count() == 1


@pytest.mark.parametrize("turn", range(4))
def test_to_ask_and_to_terminate(make_user, now, turn):
    made = factories.subscription(cycles=TWO)
    one, other = (Actor.of(make_user("agent", name)) for name in ("one", "other"))
    asked, ended = at_once(asking(made, one, now), apply_by(made, other, at=now))
    assert isinstance(ended, termination.Outcome)
    kept = TerminationRequest.objects.first()
    if kept is None:
        assert isinstance(asked, termination_refusals.AlreadyTerminated)
    else:
        assert (kept.state, kept.termination_id) == ("closed", ended.termination.pk)


@pytest.mark.parametrize("turn", range(4))
def test_to_carry_out_and_to_withdraw(agent, now, turn):
    made = factories.subscription(cycles=TWO)
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    (due,) = selectors.due(at=APRIL)
    done, withdrawn = at_once(
        lambda: carrying.carry_out(due, by=SYSTEM, at=APRIL),
        lambda: operations.withdraw(
            subscription_uuid=made.uuid, request_uuid=kept.uuid, reason="They stay.", by=agent, at=APRIL
        ),
    )
    kept.refresh_from_db()
    if kept.state == "carried_out":
        assert (done.became, type(withdrawn)) == ("carried_out", refusals.NoneOpen)
    else:
        assert (kept.state, done.became) == ("withdrawn", "gone")
    assert Termination.objects.count() == (kept.state == "carried_out")


@pytest.mark.parametrize("turn", range(4))
def test_to_carry_out_and_to_pay(agent, now, turn):
    """Whichever comes first, what was paid comes back or is waived: never both, never neither."""
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01", paid="0")))
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    line = factories.charge_of(made, "2026-04-01")
    (due,) = selectors.due(at=APRIL)
    done, paid = at_once(
        lambda: carrying.carry_out(due, by=SYSTEM, at=APRIL),
        lambda: booking.pay(line.invoice, 30, now, by=agent),
    )
    assert done.became == "carried_out"
    line.refresh_from_db()
    ended = Termination.objects.get()
    if isinstance(paid, invoicing_refusals.InvoiceNotPayable):
        # It was waived before: nothing was left to pay.
        assert (line.paid, ended.waived) == (0, 50)
    assert (ended.credited or 0) + ended.waived == 50
    assert line.refunded <= line.paid
    assert CreditAccount.objects.get().balance == (ended.credited or 0)


def test_the_night_twice_and_a_person_carry_it_out_once(agent, now):
    made = factories.subscription(cycles=TWO)
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    (due,) = selectors.due(at=APRIL)
    seen = seen_of(scheduled.quote_of(kept))
    answers = at_once(
        lambda: carrying.carry_out(due, by=SYSTEM, at=APRIL),
        lambda: carrying.carry_out(due, by=SYSTEM, at=APRIL),
        lambda: scheduled.carry_out(kept, by=agent, at=APRIL, seen=seen),
    )
    assert Termination.objects.count() == LedgerEntry.objects.count() == 1, answers
    assert CreditAccount.objects.get().balance == Decimal(50)
    nights = sorted(answer.became for answer in answers[:2])
    if isinstance(answers[2], termination.Outcome):
        assert nights == ["gone", "gone"]
    else:
        assert isinstance(answers[2], termination_refusals.AlreadyTerminated)
        assert nights == ["carried_out", "gone"]
    kept.refresh_from_db()
    assert kept.state == "carried_out"
