"""The words of tab, sidebar and popup: nothing is promised that the portal can't do, and one thing has one name."""

import datetime as dt
import re

import pytest
import time_machine
from django.urls import reverse

from settings_app import policies as settings_policies
from subscriptions.termination.quote import quotes
from tests.subscriptions.life.nights import made_here
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import to_refund
from tests.support.terminations import preview, terminate

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def sidebar(client, made) -> str:
    return pages.words(client.get(reverse("subscriptions:detail", args=[made.uuid])))


def tab(client, made) -> str:
    return pages.words(client.get(reverse("subscriptions:tab", args=[made.organisation.uuid])))


@pytest.mark.parametrize(
    ("cycles", "said"),
    [
        ((C("2026-03-01"),), "Billing model 1 month a cycle"),
        ((C("2025-12-01", months=3), C("2026-03-01", months=12), C("2027-03-01")), "12 months a cycle"),
        ((C("2026-04-01", months=6), C("2026-10-01", months=1)), "6 months a cycle"),
    ],
)
def test_the_billing_model_is_the_months_of_a_cycle(client_of, cycles, said):
    made = factories.subscription(cycles=cycles)
    shown = sidebar(client_of("agent"), made)
    assert said in shown
    assert "Payment mode Prepaid SGD" in shown


def test_without_a_cycle_there_is_no_billing_model(client_of):
    made = factories.subscription(cycles=(), started_on="2026-03-01", expires_on="2026-03-31")
    assert "Billing model – Payment mode" in sidebar(client_of("agent"), made)


def test_renewals_are_made_elsewhere(client_of):
    made = factories.subscription(cycles=(C("2026-03-01"),), auto_renew=True)
    shown = sidebar(client_of("agent"), made)
    assert "Auto-renewal On renewed elsewhere" in shown
    assert "renews from" not in shown
    made_here()
    assert "Auto-renewal On renews from 24 March 2026" in sidebar(client_of("agent"), made)
    made_here(SIP_Trunk=False)
    assert "Auto-renewal On renewed elsewhere" in sidebar(client_of("agent"), made)


def test_what_is_terminated_shows_its_day_of_ending(client_of, agent):
    made = factories.subscription(cycles=(C("2026-03-01"),))
    client = client_of("agent")
    assert "Active" in tab(client, made)
    assert "on 10 March 2026" not in tab(client, made)
    terminate(made, by=agent, at=NOW)
    assert "Terminated on 10 March 2026" in tab(client, made)


def test_an_expired_one_is_promised_nothing(client_of):
    made = factories.subscription(cycles=(C("2026-01-20"),))
    shown = sidebar(client_of("agent"), made)
    assert "This subscription expired on 19 February 2026. It can be terminated from 20 March 2026." in shown
    assert "reactivated" not in shown


@pytest.mark.parametrize("method", settings_policies.REFUND_METHODS)
def test_a_refund_method_has_one_name(client_of, configure, method):
    configure(refund_method=method)
    name = settings_policies.REFUND_METHODS[method]
    made = factories.subscription(cycles=(C("2026-03-01"),))
    assert f"refund method: {name}," in pages.words(to_refund(client_of("agent"), made))
    settings = pages.words(client_of("superuser").get(reverse("settings_app:portal_config")))
    assert name in settings


def test_the_fee_carries_the_sign_of_every_other_amount(client_of, configure):
    configure(charge_administrative_fee=True, fees={"SGD": "21.40"})
    made = factories.subscription(cycles=(C("2026-03-01"),))
    shown = pages.words(to_refund(client_of("agent"), made))
    assert "Administrative fee SGD -21.40" in shown
    assert "\N{MINUS SIGN}" not in shown


@pytest.mark.parametrize(
    ("net", "why"), [("0", "nothing was charged for the cycle"), ("0.01", "what was not used is worth less than")]
)
def test_nothing_has_its_reason(net, why):
    # 12 months, one of them begun after the window: of one cent not a half is left.
    made = factories.subscription(cycles=(C("2025-05-10", months=12, net=net),))
    quote = preview(made, at=NOW)
    assert quote.to_credits == 0
    assert quote.why_nothing.startswith(why)


def test_what_earlier_settlements_gave_back_is_the_reason():
    made = factories.subscription(cycles=(C("2026-03-01"),))
    factories.credit_note(made.organisation, net="50", line=factories.charge_of(made))
    quote = preview(made, at=NOW)
    assert quote.why_nothing == "credit notes have already given it back"


def test_a_change_is_told_with_separated_thousands(client_of):
    made = factories.subscription(cycles=(C("2026-03-01", net="12345.60", paid="10000"),))
    seen = quotes.document(preview(made, at=NOW))
    factories.pay(factories.charge_of(made), "2345.60")
    said = " ".join(quotes.changes(old=seen, new=quotes.document(preview(made, at=NOW))))
    assert "refund is now SGD 12,345.60; it was SGD 10,000.00." in said
    assert "The total refund is now SGD 12,345.60; it was SGD 10,000.00." in said
    assert not re.search(r"\d{4,}\.", said)
