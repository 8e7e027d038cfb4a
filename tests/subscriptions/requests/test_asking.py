"""Asking for the end of a subscription on a later day, and withdrawing it."""

import datetime as dt
import uuid

import pytest

from portal.audit.models import AuditEntry
from portal.frame import KeyReused
from subscriptions.life import operations as life
from subscriptions.life import refusals as life_refusals
from subscriptions.models import Subscription, Termination, TerminationRequest
from subscriptions.requests import operations, refusals
from subscriptions.termination import refusals as termination_refusals
from tests.support import factories, scheduled
from tests.support.factories import C
from tests.support.terminations import request, terminate

pytestmark = pytest.mark.django_db(transaction=True)
LAST = dt.date(2026, 3, 31)


def test_what_is_asked_is_kept_with_the_estimate(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01")))
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now, ticket=" T-1 ")
    kept.refresh_from_db()
    assert (kept.state, kept.ends_on, kept.asked_on) == ("open", LAST, dt.date(2026, 3, 10))
    assert (kept.requested_by, kept.channel, kept.ticket, kept.reason.code) == (
        "Ms Tan",
        "phone",
        "T-1",
        "too_expensive",
    )
    assert (kept.actor, kept.actor_user_id, kept.asked_at) == (agent.name, agent.user_id, now)
    # March is running and over its days, April has not begun.
    assert (kept.quote["schema"], kept.quote["on"], kept.quote["total"]) == (1, "2026-03-31", "50.00")
    event = AuditEntry.objects.get(kind="termination.asked")
    assert event.subject_uuid == made.uuid
    assert event.data == {
        "request": str(kept.uuid),
        "ends_on": "2026-03-31",
        "requested_by": "Ms Tan",
        "requested_on": "2026-03-09",
        "channel": "phone",
        "reason": "too_expensive",
        "currency": "SGD",
        "estimate": "50.00",
        "estimated_waiver": "0",
        "told": "Ends on 31 March 2026. Estimated today: SGD 50.00 into Available Credits.",
    }
    made.refresh_from_db()
    assert (made.status, made.termination_ref) == ("active", None)


def test_the_same_form_sent_again_gets_the_first_answer(agent, now):
    made = factories.subscription()
    seen = scheduled.seen(made, ends_on=LAST, at=now, asked_on=request().requested_on)
    first, again = (
        operations.ask(subscription_uuid=made.uuid, request=request(), ends_on=LAST, seen=seen, by=agent, at=now)
        for _ in range(2)
    )
    assert (first.request.pk, first.is_repeat, again.is_repeat) == (again.request.pk, False, True)
    with pytest.raises(KeyReused):
        operations.ask(
            subscription_uuid=made.uuid,
            request=request(),
            ends_on=LAST - dt.timedelta(days=1),
            seen=seen,
            by=agent,
            at=now,
        )
    assert TerminationRequest.objects.count() == 1


def test_a_second_one_is_refused(agent, now):
    made = factories.subscription()
    scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    with pytest.raises(refusals.AskedAlready) as refused:
        scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    assert str(refused.value) == (
        f"Its end is scheduled for 31 March 2026 already, by {agent.name}. "
        "Withdraw that first to choose another day."
    )


@pytest.mark.parametrize("day", ["2026-03-10", "2026-03-09"])
def test_a_day_that_has_begun_is_refused(agent, now, day):
    with pytest.raises(refusals.NotAhead) as refused:
        scheduled.ask(factories.subscription(), ends_on=dt.date.fromisoformat(day), by=agent, at=now)
    assert str(refused.value).startswith("Give 11 March 2026 or a later day.")


@pytest.mark.parametrize(
    ("zone", "first"),
    [("Etc/GMT+12", "2026-03-10"), ("Asia/Singapore", "2026-03-11"), ("Pacific/Kiritimati", "2026-03-12")],
)
def test_tomorrow_is_that_of_the_organisation(agent, zone, first):
    """At 11:00 UTC it is the ninth in the last zone and the eleventh in the first."""
    at = dt.datetime(2026, 3, 10, 11, tzinfo=dt.UTC)
    made = factories.subscription(organisation=factories.OrganisationFactory.create(timezone=zone))
    day = dt.date.fromisoformat(first)
    with pytest.raises(refusals.NotAhead):
        scheduled.ask(made, ends_on=day - dt.timedelta(days=1), by=agent, at=at)
    assert scheduled.ask(made, ends_on=day, by=agent, at=at).ends_on == day


def test_not_after_expiry_while_auto_renewal_is_off(agent, now):
    made = factories.subscription()
    with pytest.raises(refusals.AfterExpiry) as refused:
        scheduled.ask(made, ends_on=dt.date(2026, 4, 1), by=agent, at=now)
    assert "expires on 31 March 2026" in str(refused.value)
    Subscription.objects.update(auto_renew=True)
    kept = scheduled.ask(made, ends_on=dt.date(2026, 4, 1), by=agent, at=now)
    # The cycle of that day is not there yet.
    assert kept.quote["total"] == "0.00"
    with pytest.raises(life_refusals.EndIsScheduled):
        life.set_auto_renew(subscription_uuid=made.uuid, wanted=False, by=agent, at=now)


def test_what_has_expired_or_ended_has_no_later_day(agent, now):
    expired = factories.subscription(cycles=(C("2026-02-01"),))
    with pytest.raises(refusals.NotActive):
        scheduled.ask(expired, ends_on=LAST, by=agent, at=now)
    ended = factories.subscription()
    terminate(ended, by=agent, at=now)
    with pytest.raises(termination_refusals.AlreadyTerminated):
        scheduled.ask(ended, ends_on=LAST, by=agent, at=now)


def test_an_estimate_that_changed_is_shown_anew(agent, now):
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01", paid="0")))
    seen = scheduled.seen(made, ends_on=LAST, at=now, asked_on=request().requested_on)
    factories.pay(factories.charge_of(made, "2026-04-01"), "20")
    with pytest.raises(refusals.EstimateChanged) as refused:
        operations.ask(subscription_uuid=made.uuid, request=request(), ends_on=LAST, seen=seen, by=agent, at=now)
    assert refused.value.fresh.total == 20
    assert not TerminationRequest.objects.exists()


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"explanation": " "}, termination_refusals.ExplanationMissing),
        ({"reason_code": "boredom"}, termination_refusals.ReasonNotOffered),
        ({"requested_by": ""}, termination_refusals.RequesterMissing),
        ({"channel": "pigeon"}, termination_refusals.ChannelUnknown),
        ({"requested_on": dt.date(2026, 3, 11)}, termination_refusals.RequestedInTheFuture),
        ({"requested_on": dt.date(2026, 2, 1)}, termination_refusals.RequestedBeforeItBegan),
    ],
)
def test_what_step_4_asks_is_asked(agent, now, said, refusal):
    with pytest.raises(refusal):
        scheduled.ask(factories.subscription(), ends_on=LAST, by=agent, at=now, **said)
    assert not TerminationRequest.objects.exists()


def test_it_is_withdrawn_with_a_reason_and_can_be_asked_anew(agent, now):
    made = factories.subscription()
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    with pytest.raises(refusals.WhyMissing):
        operations.withdraw(subscription_uuid=made.uuid, request_uuid=kept.uuid, reason=" ", by=agent, at=now)
    with pytest.raises(refusals.WhyTooLong):
        operations.withdraw(
            subscription_uuid=made.uuid, request_uuid=kept.uuid, reason="x" * 2001, by=agent, at=now
        )
    later = now + dt.timedelta(hours=1)
    operations.withdraw(
        subscription_uuid=made.uuid, request_uuid=kept.uuid, reason=" They stay. ", by=agent, at=later
    )
    kept.refresh_from_db()
    assert (kept.state, kept.closed_at, kept.closed_by, kept.withdrawal_reason) == (
        "withdrawn",
        later,
        agent.name,
        "They stay.",
    )
    event = AuditEntry.objects.get(kind="termination.withdrawn")
    assert event.data["told"] == "The end on 31 March 2026 is withdrawn: They stay."
    with pytest.raises(refusals.NoneOpen):
        operations.withdraw(
            subscription_uuid=made.uuid, request_uuid=kept.uuid, reason="Again.", by=agent, at=later
        )
    anew = scheduled.ask(made, ends_on=LAST, by=agent, at=later)
    assert anew.pk != kept.pk
    # Who was shown the first one does not withdraw the second.
    with pytest.raises(refusals.NoneOpen):
        operations.withdraw(
            subscription_uuid=made.uuid, request_uuid=kept.uuid, reason="Again.", by=agent, at=later
        )
    anew.refresh_from_db()
    assert anew.state == "open"


def test_a_termination_before_the_day_closes_it(agent, now):
    made = factories.subscription()
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    ended = terminate(made, by=agent, at=now).termination
    kept.refresh_from_db()
    assert (kept.state, kept.termination_id, kept.closed_by, kept.closed_at) == (
        "closed",
        ended.pk,
        agent.name,
        now,
    )
    assert Termination.objects.get().request_id is None


@pytest.mark.parametrize("day", [31, 32])
def test_from_its_day_on_nothing_else_is_done(agent, now, day):
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01")))
    kept = scheduled.ask(made, ends_on=LAST, by=agent, at=now)
    later = now + dt.timedelta(days=day - 10)
    with pytest.raises(termination_refusals.EndHasCome) as refused:
        terminate(made, by=agent, at=later)
    assert "31 March 2026" in str(refused.value)
    with pytest.raises(termination_refusals.EndHasCome):
        life.set_auto_renew(subscription_uuid=made.uuid, wanted=True, by=agent, at=later)
    # But it can be withdrawn.
    operations.withdraw(
        subscription_uuid=made.uuid, request_uuid=kept.uuid, reason="They stay.", by=agent, at=later
    )
    assert terminate(made, by=agent, at=later).termination.terminated_on == later.date()


def test_nobody_is_there(agent, now):
    with pytest.raises(Subscription.DoesNotExist):
        operations.withdraw(
            subscription_uuid=uuid.uuid4(), request_uuid=uuid.uuid4(), reason="They stay.", by=agent, at=now
        )
