"""The lists of subscriptions and terminations: each cell by its heading, what a filter leaves, and pages."""

import datetime as dt

import pytest
import time_machine

from portal.lib.lists import paging
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from tests.support import factories, shown
from tests.support.factories import C
from tests.support.steps import NOW
from tests.support.terminations import request, terminate

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
ALL, ENDED = "/subscriptions/", "/terminations/"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def tab_of(organisation):
    return f"/customers/{organisation.uuid}/subscriptions/"


def in_days(days, organisation, number, **fields):
    """A subscription with one number, whose last day lies so many days ahead."""
    return factories.subscription(
        organisation=organisation,
        cycles=(C("2025-01-01"),),
        expires_on=TODAY + dt.timedelta(days=days),
        numbers=(f"+65300000{number}",),
        **fields,
    )


@pytest.fixture
def acme(agent):
    """Subscriptions of Acme: one that renews, one that does not, a trial that expired, and one that ended."""
    made = factories.OrganisationFactory.create(name="Acme")
    plan = factories.PlanFactory.create(name="Gold", price_per_month="1234.5")
    in_days(21, made, 21, auto_renew=True, plan=plan, billing_plan="as_incurred")
    in_days(0, made, 10)
    in_days(-1, made, "09", is_trial=True, auto_renew=True)
    terminate(in_days(5, made, 15, auto_renew=True), by=agent, at=NOW)
    return made


def test_the_tab_shows_each_value_under_its_heading(client_of, acme):
    contract = acme.subscriptions.get(plan__name="Gold").contract_item.contract.reference
    uuids = {str(one.numbers.get().number): str(one.uuid) for one in acme.subscriptions.all()}
    usual = {"Product and plan": "SIP Trunk monthly", "Price a month": "SGD 50.00", "Contract": "–", "Trial": "–"}
    wanted = {
        "+6530000021": {
            "Product and plan": "SIP Trunk, Gold",
            "Status": "Active",
            "Auto-renewal": "On",
            "Renewal date": "24 March 2026",
            "Expiry date": "31 March 2026",
            "Price a month": "SGD 1,234.50",
            "Contract": contract,
        },
        "+6530000015": {
            "Status": "Terminated on 10 March 2026",
            "Auto-renewal": "Off",
            "Renewal date": "–",
            "Expiry date": "15 March 2026",
        },
        "+6530000010": {
            "Status": "Active",
            "Auto-renewal": "Off",
            "Renewal date": "–",
            "Expiry date": "10 March 2026",
        },
        "+6530000009": {
            "Status": "Expired",
            "Auto-renewal": "On",
            "Renewal date": "–",
            "Expiry date": "9 March 2026",
            "Trial": "Trial",
        },
    }
    table = shown.read(client_of("agent").get(tab_of(acme))).table()
    assert table.rows == [
        {**usual, "Numbers": number, "UUID": uuids[number], **cells} for number, cells in wanted.items()
    ]


# What is asked of Acme's, and the last two digits of the numbers that are left.
FILTERED = (
    ("", "21 15 10 09"),
    ("status=active", "21 10"),
    ("status=expired", "09"),
    ("status=terminated", "15"),
    ("expiry=week", "10"),
    ("expiry=month", "21 10"),
    ("expiry=past", "09"),
    ("expiry=cleanup", ""),
    ("status=active&expiry=week", "10"),
)


@pytest.mark.parametrize(("query", "wanted"), FILTERED)
def test_a_filter_leaves_what_it_says(client_of, acme, query, wanted):
    page = client_of("agent").get(f"{tab_of(acme)}?{query}")
    assert [number[-2:] for number in shown.listed(page, "Numbers")] == wanted.split()


@pytest.mark.parametrize(("days", "is_past"), [(28, False), (29, True)])
def test_past_the_reactivation_days_is_what_the_clean_up_ends(client_of, configure, days, is_past):
    configure(reactivation_days=28)
    made = in_days(-days, factories.OrganisationFactory.create(), 11)
    for address in (tab_of(made.organisation), ALL):
        page = client_of("agent").get(f"{address}?expiry=cleanup")
        assert shown.listed(page, "Numbers") == ["+6530000011"] * is_past


def test_all_subscriptions_are_those_of_all_customers_that_are_not_terminated(client_of, acme):
    in_days(3, factories.OrganisationFactory.create(name="Beta"), 13)
    client = client_of("auditor")
    for query, wanted in (
        ("", "09 10 13 21"),
        ("sort=-expiry", "21 13 10 09"),
        ("status=all", "13 15 09 10 21"),
        ("status=terminated", "15"),
        ("renewal=on", "09 21"),
        ("q=%2B6530000013", "13"),
        (f"organisation={acme.uuid}", "09 10 21"),
    ):
        page = client.get(f"{ALL}?{query}")
        assert [number[-2:] for number in shown.listed(page, "Numbers")] == wanted.split(), query
    read = shown.read(client.get(f"{ALL}?q=%2B6530000013"))
    assert read.table().column("Organisation")[0].startswith("Beta")


def test_the_second_page_goes_on_behind_the_first_and_keeps_its_filter(client_of, monkeypatch):
    made = factories.OrganisationFactory.create()
    for days in range(5):
        # Two of each day: a key has to tell them apart.
        in_days(days // 2, made, f"1{days}")
    in_days(-5, made, 99)
    client = client_of("agent")
    for address in (f"{tab_of(made)}?status=active", f"{ALL}?status=active"):
        monkeypatch.setattr(paging, "ROOM", 50)
        whole = shown.listed(client.get(address), "Numbers")
        assert len(whole) == 5
        monkeypatch.setattr(paging, "ROOM", 2)
        page, read = client.get(address), []
        read += shown.listed(page, "Numbers")
        while further := shown.beside(page).get("Next"):
            page = client.get(further if further.startswith("/") else address.partition("?")[0] + further)
            read += shown.listed(page, "Numbers")
            # Whatever else is asked for begins on the first page.
            others = [link for link in shown.read(page).links if link.words not in ("Next", "Previous")]
            assert not [link for link in others if "after=" in link.address]
        assert read == whole


def test_terminations_show_each_value_under_its_heading(client_of, agent):
    acme, beta = (factories.OrganisationFactory.create(name=name) for name in ("Acme", "Beta"))
    first = factories.subscription(organisation=acme, cycles=(C("2026-03-01", paid="30"),))
    terminate(first, by=agent, at=NOW - dt.timedelta(days=1), asked=request(requested_on=dt.date(2026, 3, 8)))
    second = factories.subscription(organisation=beta)
    factories.credit_note(beta, net="50", number="CN-77")
    terminate(second, by=agent, at=NOW, choice=quotes.LinkNote("CN-77"))
    old = in_days(-60, acme, 11)
    terminate(old, by=agent, at=NOW, asked=requested.ExpiredRequest("Nobody answers."))
    client = client_of("auditor")
    usual = {"Product and plan": "SIP Trunk monthly", "By": "maria", "Version": "1"}
    asked_for = {**usual, "Case": "Customer request", "Reason": "Too expensive"}
    read = shown.read(client.get(ENDED))
    assert read.table().rows == [
        {
            **asked_for,
            "Terminated on": "10 March 2026",
            "Organisation": f"Beta {beta.customer_reference}",
            "Settlement": "Credit note linked CN-77",
            "Refunded": "SGD 50.00",
            "Waived": "–",
        },
        {
            **asked_for,
            "Terminated on": "9 March 2026",
            "Organisation": f"Acme {acme.customer_reference}",
            "Settlement": "Credited",
            "Refunded": "SGD 30.00",
            "Waived": "SGD 20.00",
        },
    ]
    for query, wanted in (
        ("case=expired", ["10 March 2026"]),
        ("case=all", ["10 March 2026", "10 March 2026", "9 March 2026"]),
        ("terminated_from=2026-03-10", ["10 March 2026"]),
        ("terminated_to=2026-03-09", ["9 March 2026"]),
        ("settlement=credited", ["9 March 2026"]),
        ("amount_from=30.01", ["10 March 2026"]),
        ("amount_to=30", ["9 March 2026"]),
        ("agent=MAR", ["10 March 2026", "9 March 2026"]),
        ("agent=somebody", []),
        ("version=2", []),
    ):
        assert shown.listed(client.get(f"{ENDED}?{query}"), "Terminated on") == wanted, query


def test_terminations_are_added_up_by_what_tells_them_apart(client_of, agent):
    for paid in ("50", "30"):
        terminate(factories.subscription(cycles=(C("2026-03-01", paid=paid),)), by=agent, at=NOW)
    elsewhere = factories.OrganisationFactory.create(currency="EUR")
    terminate(factories.subscription(organisation=elsewhere), by=agent, at=NOW)
    read = shown.read(client_of("auditor").get(f"{ENDED}?sums=reason"))
    assert read.table("Terminations added up by reason").rows == [
        {
            "Reason": "Too expensive",
            "Currency": currency,
            "Number": number,
            "Refunded": f"{currency} {refunded}",
            "Waived": f"{currency} {waived}",
        }
        for currency, number, refunded, waived in (("SGD", "2", "80.00", "20.00"), ("EUR", "1", "50.00", "0.00"))
    ]


def test_the_tab_of_a_customer_offers_no_file_and_saves_nothing(client_of):
    """It is a page of its customer: the list of all subscriptions has both, for one organisation as well."""
    made = factories.OrganisationFactory.create()
    in_days(3, made, 10)
    client = client_of("agent")
    tab = shown.read(client.get(f"{tab_of(made)}?status=active"))
    all_ = shown.read(client.get(f"{ALL}?organisation={made.uuid}"))
    assert ("Download as CSV" in [link.words for link in tab.links], "Save" in tab.buttons) == (False, False)
    assert ("Download as CSV" in [link.words for link in all_.links], "Save" in all_.buttons) == (True, True)
