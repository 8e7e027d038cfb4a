"""Recover: one subscription renewed at once by an agent, for what was shown, exactly once."""

import datetime as dt
import json
import re
import uuid
from decimal import Decimal as D

import pytest
import time_machine

from customers.models import CreditAccount
from invoicing import refusals as invoicing_refusals
from invoicing.models import Invoice
from portal import frame
from portal.audit.models import AuditEntry
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.life import operations, refusals
from subscriptions.models import AddOn, Cycle, CycleCharge
from subscriptions.selectors import reading
from tests.subscriptions.life.nights import TODAY, balance, due, last_cycle, organisation, renew, taxed, why
from tests.support import pages, shown
from tests.support.factories import C
from tests.support.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _here(configure):
    configure(renewals_are_made_here=True)


@pytest.fixture
def by(make_user):
    return frame.Actor.of(make_user("agent"))


def preview(made, on=TODAY):
    return operations.preview_of(reading.find(made.uuid), config=settings_selectors.current_config(), on=on)


def seen(made, key=None):
    return operations.Seen(key or uuid.uuid4(), preview(made).document)


def test_it_renews_as_the_night_would_and_says_what_it_did(now, by):
    taxed()
    owner = organisation("200")
    made = due(owner, net="50")
    AddOn.objects.create(subscription=made, name="Recording", price_per_month=5)
    told = operations.recover(subscription_uuid=made.uuid, seen=seen(made), by=by, at=now)
    assert told == "15 March 2026 to 14 April 2026: SGD 55.45, IN-0000001."
    lines = Invoice.objects.get(series__isnull=False).lines.order_by("pk")
    assert [(line.kind, line.description, line.net, line.tax) for line in lines] == [
        ("plan", "SIP Trunk monthly, 15 March 2026 to 14 April 2026", 50, 0),
        ("add_on", "Add-on: Recording, 15 March 2026 to 14 April 2026", 5, D("0.45")),
    ]
    charges = CycleCharge.objects.filter(cycle=last_cycle(made)).order_by("line")
    assert [(charge.plan, charge.add_on) for charge in charges] == [(made.plan, None), (None, made.add_ons.get())]
    made.refresh_from_db()
    assert (made.expires_on, balance(owner)) == (dt.date(2026, 4, 14), D("144.55"))
    event = AuditEntry.objects.get(kind="subscription.renewed")
    assert (event.actor, event.subject_uuid, event.data["told"]) == (by.name, made.uuid, told)
    assert renew(now).renewed == 0


def test_after_the_credit_came_in_what_failed_is_recovered(now, by):
    owner = organisation("0")
    made = due(owner)
    renew(now)
    with pytest.raises(invoicing_refusals.InsufficientCredits, match=r"SGD 50.00 is needed"):
        preview(made)
    CreditAccount.objects.filter(organisation=owner).update(credit_limit=50)
    operations.recover(subscription_uuid=made.uuid, seen=seen(made), by=by, at=now)
    assert (balance(owner), why(made)) == (-50, ["insufficient_credits"])


def test_the_same_form_twice_renews_once_and_gets_the_first_answer(now, by):
    owner = organisation("1000")
    made = due(owner)
    form = seen(made)
    answers = at_once(*[lambda: operations.recover(subscription_uuid=made.uuid, seen=form, by=by, at=now)] * 3)
    assert set(answers) == {"15 March 2026 to 14 April 2026: SGD 50.00, IN-0000001."}
    assert (balance(owner), Cycle.objects.filter(subscription=made).count()) == (950, 2)


def test_an_agent_and_the_night_renew_once(now, by):
    owner = organisation("1000")
    made = due(owner)
    form = seen(made)
    at_once(lambda: operations.recover(subscription_uuid=made.uuid, seen=form, by=by, at=now), lambda: renew(now))
    assert (balance(owner), Cycle.objects.filter(subscription=made).count()) == (950, 2)


def test_what_was_seen_and_is_no_longer_so_is_refused_with_what_is(now, by):
    owner = organisation("1000")
    made = due(owner)
    form = seen(made)
    AddOn.objects.create(subscription=made, name="Recording", price_per_month=0)
    taxed()
    AddOn.objects.update(price_per_month=5)
    with pytest.raises(refusals.RenewalChanged) as changed:
        operations.recover(subscription_uuid=made.uuid, seen=form, by=by, at=now)
    assert changed.value.fresh.document == preview(made).document
    assert (changed.value.status, balance(owner)) == (409, 1000)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"auto_renew": False}, "Auto-renewal is off. Resubscribe first."),
        ({"is_trial": True}, "A trial does not renew."),
        ({"cycles": (C("2026-02-19"),)}, "It renews from 11 March 2026."),
        ({"cycles": (C("2026-01-10"),)}, "It expired on 9 February 2026, too long ago."),
        ({"cycles": (C("2026-02-15", status="void"),)}, "There is no tax rate of SG on 10 March 2026."),
    ],
)
def test_what_the_night_would_not_renew_is_refused_in_words(fields, said):
    with pytest.raises(refusals.NotRenewable) as refusal:
        preview(due(**fields))
    assert str(refusal.value).startswith(said)


def test_it_sees_what_the_night_does(now):
    """The facts that are read for one are those that the night reads in SQL."""
    made = due(organisation("1000"), months=3, net="149.99", numbers=("+6531234567",))
    shown = preview(made).next
    renew(now)
    cycle = last_cycle(made)
    assert shown.span == days.Span(cycle.first_day, cycle.day_after)
    lines = Invoice.objects.get(series__isnull=False).lines.order_by("pk")
    assert [(one.net, one.tax) for one in shown.charges] == [(line.net, line.tax) for line in lines]


def test_the_dialog_shows_the_sum_and_renews_for_it_once(now, client_of):
    owner = organisation("0")
    made = due(owner)
    renew(now)
    CreditAccount.objects.filter(organisation=owner).update(credit_limit=100)
    client, address = client_of("agent"), f"/subscriptions/{made.uuid}/recover/"
    with time_machine.travel(now, tick=False):
        sidebar = client.get(f"/subscriptions/{made.uuid}/").content.decode()
        assert address in sidebar
        page = client.get(address)
        assert shown.read(page).terms() == {
            "It costs": "SGD 50.00",
            "Available Credits": "SGD 100.00",
            "Available afterwards": "SGD 50.00",
        }
        seal = re.search(r'name="seal" value="([^"]+)"', page.content.decode())
        assert seal
        htmx = {"HTTP_HX_REQUEST": "true"}
        for _ in range(2):
            answer = client.post(address, {"seal": seal[1]}, **htmx)
            assert "Renewed. 15 March 2026 to 14 April 2026: SGD 50.00, IN-0000001." in answer.content.decode()
            assert {"subscription-changed", "credits-changed"} <= set(json.loads(answer["HX-Trigger"]))
        assert balance(owner) == -50
        assert address not in client.get(f"/subscriptions/{made.uuid}/").content.decode()
        # What it costs by now is another cycle, which is not due.
        assert client.get(address).status_code == 409


def test_what_changed_is_shown_anew_and_a_foreign_seal_is_none(now, client_of):
    owner = organisation("1000")
    made = due(owner)
    client, address = client_of("agent"), f"/subscriptions/{made.uuid}/recover/"
    with time_machine.travel(now, tick=False):
        seal = re.search(r'name="seal" value="([^"]+)"', client.get(address).content.decode())
        assert seal
        assert client_of("billing").post(address, {"seal": seal[1]}).status_code == 422
        assert client.post(address, {"seal": "nonsense"}).status_code == 422
        AddOn.objects.create(subscription=made, name="Recording", price_per_month=5)
        taxed()
        answer = client.post(address, {"seal": seal[1]})
    assert (answer.status_code, balance(owner)) == (409, 1000)
    assert "What the next cycle costs has changed" in answer.content.decode()
    # One charge that is as before, and one that was not there.
    said = pages.words(answer)
    assert "It was SGD 50.00 and is SGD 55.45 now." in said
    (table,) = shown.read(answer).tables
    assert [list(row.values()) for row in table.rows] == [
        ["SIP Trunk monthly", "SGD 50.00", "SGD 0.00", "SGD 50.00"],
        ["Add-on: Recording", "SGD 5.00", "SGD 0.45", "SGD 5.45"],
        ["All charges", "SGD 55.00", "SGD 0.45", "SGD 55.45"],
    ]


def test_what_was_shown_too_long_ago_is_shown_anew_and_renewed_once_all_the_same(now, client_of):
    owner = organisation("1000")
    made = due(owner)
    client, address = client_of("agent"), f"/subscriptions/{made.uuid}/recover/"

    def sealed(answer):
        found = re.search(r'name="seal" value="([^"]+)"', answer.content.decode())
        assert found
        return {"seal": found[1]}

    with time_machine.travel(now, tick=False):
        first = sealed(client.get(address))
    with time_machine.travel(now + dt.timedelta(minutes=31), tick=False):
        answer = client.post(address, first)
        assert (answer.status_code, balance(owner)) == (409, 1000)
        assert "This was shown more than 30 minutes ago." in answer.content.decode()
        again = sealed(answer)
        assert client.post(address, again, HTTP_HX_REQUEST="true").status_code == 200
    with time_machine.travel(now + dt.timedelta(hours=2), tick=False):
        repeated = client.post(address, again, HTTP_HX_REQUEST="true")
    assert "Renewed. 15 March 2026" in repeated.content.decode()
    assert balance(owner) == 950
