"""The pages of a scheduled end, as a browser without JavaScript sends them."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from portal.frame import SYSTEM
from subscriptions.models import Subscription, Termination, TerminationRequest
from subscriptions.requests import operations
from tests.support import factories, pages, scheduled
from tests.support.factories import C
from tests.support.steps import NOW, REASON, address, step

pytestmark = pytest.mark.django_db(transaction=True)
LAST = dt.date(2026, 3, 31)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made() -> Subscription:
    return factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01")), numbers=("+6531234567",))


def to_estimate(client, made, **changes):
    form = pages.form(client.get(address(made, "end_later")), action="/end-later/estimate/")
    return step(client, form, **{**REASON, "when": "cycle", **changes})


def test_the_way_from_the_sidebar_to_the_list_and_back(client_of, made):
    client = client_of("agent")
    sidebar = client.get(address(made, "detail"))
    assert address(made, "end_later") in sidebar.content.decode()
    shown = to_estimate(client, made)
    words = pages.words(shown)
    assert shown.status_code == 200, words
    assert "Estimate for 31 March 2026" in words
    assert "SGD 50.00" in words
    done = step(client, pages.form(shown, action="/confirm/"))
    assert (done.status_code, done.headers["Location"]) == (302, address(made, "detail"))
    kept = TerminationRequest.objects.get()
    assert (kept.ends_on, kept.requested_by, kept.actor) == (LAST, "Ms Tan", client.user.username)
    words = pages.words(client.get(address(made, "detail")))
    assert "Ends on 31 March 2026" in words
    assert "Withdraw the scheduled end" in words
    assert "End scheduled" in words
    tab = pages.words(client.get(reverse("subscriptions:tab", args=[made.organisation.uuid])))
    assert "ends on 31 March 2026" in tab
    assert "SGD 50.00 back" in tab
    listed = pages.words(client.get(reverse("subscriptions:scheduled_ends")))
    assert "Ms Tan" in listed
    assert "SGD 50.00" in listed
    withdrawing = client.get(address(made, "withdraw_end"))
    missing = step(client, pages.form(withdrawing, action="/withdraw-end/"))
    assert missing.status_code == 422
    step(client, pages.form(withdrawing, action="/withdraw-end/"), reason="They stay.")
    kept.refresh_from_db()
    assert (kept.state, kept.withdrawal_reason) == ("withdrawn", "They stay.")
    assert "They stay." in pages.words(client.get(address(made, "detail")))


def test_a_day_is_given_or_missing_or_too_early_or_after_expiry(client_of, made):
    client = client_of("agent")
    missing = to_estimate(client, made, when="day")
    assert missing.status_code == 422
    early = to_estimate(client, made, when="day", ends_on="2026-03-10")
    assert early.status_code == 422
    assert "11 March 2026" in pages.words(early)
    late = to_estimate(client, made, when="day", ends_on="2026-05-01")
    assert late.status_code == 422
    assert "it expires on 30 April 2026" in pages.words(late)
    good = to_estimate(client, made, when="day", ends_on="2026-04-10")
    assert "Estimate for 10 April 2026" in pages.words(good)
    back = step(client, pages.form(good, action="/confirm/"))
    assert back.status_code == 302
    assert TerminationRequest.objects.get().ends_on == dt.date(2026, 4, 10)


def test_a_double_click_and_a_second_agent(client_of, made):
    client, other = client_of("agent"), client_of("billing")
    shown, seen = to_estimate(client, made), to_estimate(other, made)
    form = pages.form(shown, action="/confirm/")
    assert [step(client, form).status_code for _ in range(2)] == [302, 302]
    refused = step(other, pages.form(seen, action="/confirm/"))
    assert refused.status_code == 409
    assert f"31 March 2026 already, by {client.user.username}" in pages.words(refused)
    assert TerminationRequest.objects.count() == 1


def test_what_changed_since_is_shown_anew(client_of):
    made = factories.subscription(cycles=(C("2026-03-01"), C("2026-04-01", paid="0")))
    client = client_of("agent")
    shown = to_estimate(client, made)
    factories.pay(factories.charge_of(made, "2026-04-01"), "20")
    again = step(client, pages.form(shown, action="/confirm/"))
    assert again.status_code == 409
    assert "paid is now SGD 70.00" in pages.words(again) or "paid is now SGD 20.00" in pages.words(again)
    assert step(client, pages.form(again, action="/confirm/")).status_code == 302


@pytest.mark.parametrize("seal", ["", "nonsense"])
def test_a_seal_that_is_none_is_not_taken(client_of, made, seal):
    client = client_of("agent")
    shown = to_estimate(client, made)
    again = step(client, pages.form(shown, action="/confirm/"), seal=seal)
    assert again.status_code == 409
    with time_machine.travel(NOW + dt.timedelta(minutes=31), tick=False):
        old = step(client, pages.form(shown, action="/confirm/"))
    assert old.status_code == 409
    assert not TerminationRequest.objects.exists()


def test_htmx_gets_the_fragment_and_the_event(client_of, made):
    client = client_of("agent")
    form = pages.form(to_estimate(client, made), action="/confirm/")
    answer = client.post(form.action, form.data(), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "subscription-changed" in answer.headers["HX-Trigger"]
    assert "<html" not in answer.content.decode()


def test_a_person_carries_out_what_waits_with_its_day(client_of, made, agent):
    scheduled.ask(made, ends_on=LAST, by=agent, at=NOW)
    factories.credit_note(made.organisation, net="50", number="CN-1")
    april = dt.datetime(2026, 4, 3, 9, tzinfo=dt.UTC)
    assert operations.carry_out_due(by=SYSTEM, at=april).needs_person == 1
    with time_machine.travel(april, tick=False):
        client = client_of("agent")
        waiting = pages.words(client.get(reverse("subscriptions:scheduled_ends"), {"person": "yes"}))
        assert "CN-1" in waiting
        shown = client.get(address(made))
        assert "it counts as of 31 March 2026" in pages.words(shown)
        choice = step(client, pages.form(shown, action="/choice/"))
        assert choice.status_code == 200, pages.words(choice)
        form = pages.form(choice, action="/apply/")
        asked = step(client, form, choice="automatic")
        assert asked.status_code == 422
        form = pages.form(asked, action="/apply/")
        data = form.data(choice="automatic", acknowledge="double:CN-1")
        assert [client.post(form.action, data).status_code for _ in range(2)] == [302, 302]
        ended = Termination.objects.get()
        record = pages.words(client.get(reverse("subscriptions:termination", args=[ended.uuid])))
    assert (ended.terminated_on, ended.actor, ended.credited) == (LAST, client.user.username, 50)
    assert TerminationRequest.objects.get().state == "carried_out"
    assert "On behalf of" in record


def test_on_its_day_nothing_is_offered_but_to_withdraw(client_of, made, agent):
    scheduled.ask(made, ends_on=LAST, by=agent, at=NOW)
    with time_machine.travel(dt.datetime(2026, 3, 31, 9, tzinfo=dt.UTC), tick=False):
        client = client_of("agent")
        words = pages.words(client.get(address(made, "detail")))
        assert words.count("The end of it is scheduled for 31 March 2026, and that day has come") == 2
        assert client.get(address(made)).status_code == 409


def test_who_may_not(client_of, made, agent):
    scheduled.ask(made, ends_on=LAST, by=agent, at=NOW)
    auditor = client_of("auditor")
    for name in ("end_later", "withdraw_end"):
        assert auditor.get(address(made, name)).status_code == 403
        assert auditor.post(address(made, name)).status_code == 403
    words = pages.words(auditor.get(address(made, "detail")))
    assert "Ends on 31 March 2026" in words
    assert "Withdraw the scheduled end" not in words
