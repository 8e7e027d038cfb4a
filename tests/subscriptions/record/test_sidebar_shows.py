"""What stands in the sidebar of a subscription: each value by its term, and for whom which button."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from subscriptions.models import ContractItem, HistoryEntry, PhoneNumber
from tests.support import factories, pages, shown
from tests.support.factories import C
from tests.support.steps import NOW, address
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def sidebar(client, made):
    return shown.read(client.get(address(made, "detail"), headers={"HX-Request": "true"}))


def test_every_term_has_its_own_value(client_of):
    organisation = factories.OrganisationFactory.create(name="Zürich AG", payment_mode="postpaid")
    made = factories.subscription(
        organisation=organisation,
        # The first cycle had one month; the one that runs has three, the next one begins later.
        cycles=(C("2026-02-15"), C("2026-03-15"), C("2026-04-15", months=3), C("2026-07-15", months=12)),
        billing_plan="milestone",
        auto_renew=True,
    )
    PhoneNumber.objects.create(number="+6530000001", subscription=made)
    PhoneNumber.objects.create(number="+6530000002", subscription=made, is_ported_in=True)
    for name, ended_on in (("Zoë", None), ("Ärne", dt.date(2026, 3, 1))):
        member = factories.MemberFactory.create(
            organisation=organisation, name=name, email=f"{name[0]}@example.com"
        )
        made.assignments.create(member=member, assigned_on=made.started_on, ended_on=ended_on)
    made.add_ons.create(name="Voicemail", price_per_month=5)
    contract = made.contract_item.contract.reference
    with time_machine.travel(dt.datetime(2026, 5, 20, 9, 0, tzinfo=dt.UTC), tick=False):
        read = sidebar(client_of("agent"), made)
    assert read.terms() == {
        "UUID": str(made.uuid),
        "Owner organisation": "Zürich AG",
        "Assignees": "Ärne Ä@example.com, until 1 March 2026 Zoë Z@example.com",
        "Contract": f"{contract} Milestone",
        "Plan": "SIP Trunk monthly SGD 50.00 a month, net",
        "Add-ons": "Voicemail SGD 5.00 a month",
        "Numbers": "+6530000001 In use +6530000002 In use ported in",
        "Billing model": "3 months a cycle",
        "Payment mode": "Postpaid SGD",
        "Started on": "15 February 2026",
        "Expiry date": "14 July 2027",
        "Auto-renewal": "On renewed elsewhere",
    }
    assert read.address("Zürich AG") == f"/customers/{organisation.uuid}/"


# What differs of a subscription, and what its terms say then.
STATES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "it does not renew": ({"auto_renew": False}, {"Auto-renewal": "Off", "Contract": "None", "Add-ons": "None"}),
    "it expired": (
        {"auto_renew": True, "cycles": (C("2026-02-01"),)},
        {"Auto-renewal": "On", "Expiry date": "28 February 2026", "Billing model": "1 month a cycle"},
    ),
    "it begins later": (
        {"cycles": (C("2026-04-01", months=6), C("2026-10-01"))},
        {"Billing model": "6 months a cycle"},
    ),
    "it is a trial": ({"is_trial": True}, {"Trial": "Yes nothing comes back when it ends"}),
}


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_told_by_its_terms(client_of, state):
    fields, wanted = STATES[state]
    terms = sidebar(client_of("agent"), factories.subscription(**fields)).terms()
    assert {term: terms[term] for term in wanted} == wanted
    assert ("Trial" in terms) == ("Trial" in wanted)


def test_what_ended_says_until_when_its_numbers_stay_and_leads_to_its_record(client_of, agent, configure):
    configure(number_reservation_days=30, number_reservation_days_ported_in=60)
    made = factories.subscription(billing_plan="as_incurred", auto_renew=True)
    for number, is_ported_in in (("+6530000001", False), ("+6530000002", True)):
        PhoneNumber.objects.create(number=number, subscription=made, is_ported_in=is_ported_in)
    termination = terminate(made, by=agent, at=NOW).termination
    read = sidebar(client_of("agent"), made)
    terms = read.terms()
    contract = ContractItem.objects.get().contract.reference
    assert terms["Contract"] == f"{contract} As incurred, freed on 10 March 2026"
    assert terms["Numbers"] == ("+6530000001 Reserved through 9 April 2026 +6530000002 Reserved through 9 May 2026")
    assert terms["Auto-renewal"] == "Off"
    assert read.address("Show the termination") == f"/terminations/{termination.uuid}/"
    assert not read.can("Terminate")
    assert not read.can("What would come back?")


def test_the_history_begins_with_the_newest_and_is_told_in_the_organisations_zone(client_of):
    made = factories.subscription()
    other = factories.subscription()
    for number, of in ((1, made), (2, other), (3, made)):
        HistoryEntry.objects.create(
            subscription=of, at=NOW, event="Renewed", description=f"Renewal {number}.", actor="night"
        )
    said = pages.words(client_of("agent").get(address(made, "detail")))
    told = "Renewed 10 March 2026, 17:00 Asia/Singapore, night Renewal {}."
    assert f"History {told.format(3)} {told.format(1)}" in said
    assert "Renewal 2." not in said


# State of the subscription, role, and which of BUTTONS stand in the sidebar.
BUTTONS = {"Terminate", "What would come back?", "Unsubscribe", "Resubscribe"}
RENEWS, RENEWS_NOT = {"auto_renew": True}, {"auto_renew": False}
TRIAL, ENDED_TRIAL = {"is_trial": True, "auto_renew": True}, {"is_trial": True, "auto_renew": False}
WAITS = {"cycles": (C("2026-02-01"),), "auto_renew": True}
OLD = {"cycles": (C("2025-01-01"),)}
SHOWN = (
    ("agent", RENEWS, {"Terminate", "What would come back?", "Unsubscribe"}),
    ("agent", RENEWS_NOT, {"Terminate", "What would come back?", "Resubscribe"}),
    ("agent", TRIAL, {"Terminate", "What would come back?", "Unsubscribe"}),
    ("agent", ENDED_TRIAL, {"Terminate", "What would come back?"}),
    ("agent", WAITS, {"What would come back?"}),
    ("agent", OLD, {"Terminate", "What would come back?"}),
    ("billing", RENEWS, {"Terminate", "What would come back?", "Unsubscribe"}),
    ("auditor", RENEWS, {"What would come back?"}),
    ("auditor", RENEWS_NOT, {"What would come back?"}),
)


@pytest.mark.parametrize(("role", "fields", "wanted"), SHOWN)
def test_a_button_stands_there_for_who_may_press_it(client_of, configure, role, fields, wanted):
    configure(reactivation_days=30)
    made = factories.subscription(**fields)
    read = sidebar(client_of(role), made)
    assert {words for words in BUTTONS if read.can(words)} == wanted
    if "Terminate" in wanted:
        assert read.address("Terminate") == address(made)


# What can't be done now has its reason where the button would stand; who may not do it hears of “Terminate” alone.
EXPIRED = "This subscription expired on 28 February 2026"
REASONS: tuple[tuple[str, dict[str, Any], set[str]], ...] = (
    ("agent", RENEWS, set()),
    ("agent", ENDED_TRIAL, {"A trial does not renew."}),
    ("agent", WAITS, {f"{EXPIRED}; it no longer renews.", f"{EXPIRED}. It can be terminated from 31 March 2026."}),
    ("auditor", RENEWS, {"Your role may not terminate subscriptions."}),
    ("auditor", WAITS, {f"{EXPIRED}. It can be terminated from 31 March 2026."}),
)
SAID: set[str] = set().union(*(said for _, _, said in REASONS))


@pytest.mark.parametrize(("role", "fields", "wanted"), REASONS)
def test_what_cannot_be_done_now_has_its_reason(client_of, configure, role, fields, wanted):
    configure(reactivation_days=30)
    said = pages.words(client_of(role).get(address(factories.subscription(**fields), "detail")))
    assert {reason for reason in SAID if reason in said} == wanted


@pytest.mark.parametrize(
    ("ago", "why_not"),
    [
        (0, ""),
        (1, "This subscription expired on 9 March 2026. It can be terminated from 9 April 2026."),
        (30, "This subscription expired on 8 February 2026. It can be terminated from 11 March 2026."),
        (31, ""),
    ],
)
def test_what_expired_can_be_ended_the_day_after_the_reactivation_days(client_of, configure, ago, why_not):
    configure(reactivation_days=30)
    made = factories.subscription(expires_on=NOW.date() - dt.timedelta(days=ago), cycles=(C("2025-01-01"),))
    response = client_of("agent").get(address(made, "detail"))
    assert shown.read(response).can("Terminate") == (not why_not)
    assert why_not in response.content.decode()
