"""The list of customers and a customer's tabs: with and without htmx, for whom, and in how many queries."""

import html
import re
import uuid
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.customers.pages import HTMX, TABS, ClientOf, at, post_many
from tests.support import shown
from tests.support.factories import MemberFactory, OrganisationFactory

pytestmark = pytest.mark.django_db


def test_the_list_shows_name_status_mode_balance_and_limit(client_of: ClientOf) -> None:
    OrganisationFactory.create(name="Credit Ltd", account="1234.5", payment_mode="postpaid")
    OrganisationFactory.create(name="Debit Ltd", account="-5", status="suspended")
    OrganisationFactory.create(name="Even Ltd", account="0", customer_reference="", owner_email="a@even.example")
    page = client_of("agent").get("/customers/")
    assert [row | {"Name": row["Name"].split(" Ltd")[0]} for row in shown.read(page).table().rows] == [
        {
            "Name": name,
            "Status": status,
            "Payment mode": mode,
            "Current balance": balance,
            "Credit limit": "SGD 0.00",
        }
        for name, status, mode, balance in (
            ("Credit", "Active", "Postpaid", "SGD 1,234.50 CR"),
            ("Debit", "Suspended", "Prepaid", "SGD 5.00 DR"),
            ("Even", "Active", "Prepaid", "SGD 0.00 CR"),
        )
    ]
    assert shown.listed(page, "Name")[-1] == "Even Ltd a@even.example"


def test_the_list_of_all_is_filtered_sorted_and_taken_away(client_of: ClientOf) -> None:
    OrganisationFactory.create(name="Aalen", account="5")
    OrganisationFactory.create(name="Bern", account="-7.5", payment_mode="postpaid", status="suspended")
    OrganisationFactory.create(name="Chur", account="2", currency="CHF")
    client = client_of("agent")
    for asked, names in (
        ({}, ["Aalen", "Bern", "Chur"]),
        ({"sort": "-name"}, ["Chur", "Bern", "Aalen"]),
        ({"status": "suspended"}, ["Bern"]),
        ({"payment_mode": "prepaid"}, ["Aalen", "Chur"]),
        ({"currency": "chf"}, ["Chur"]),
        ({"currency": "EUR"}, []),
    ):
        found = [name.split()[0] for name in shown.listed(client.get("/customers/", asked), "Name")]
        assert found == names, asked
    sums = shown.read(client.get("/customers/", {"sums": "total"})).tables[1]
    assert sums.rows == [
        {"Currency": "SGD", "Number": "2", "Current balance": "SGD 2.50 DR"},
        {"Currency": "CHF", "Number": "1", "Current balance": "CHF 2.00 CR"},
    ]
    file = client.get("/customers/", {"format": "csv", "status": "suspended"})
    lines = b"".join(file).decode("utf-8-sig").splitlines()
    assert lines[0] == "Name,UUID,Known by,Status,Payment mode,Currency,Current balance,Credit limit"
    assert [line.split(",")[-5:] for line in lines[1:]] == [["suspended", "postpaid", "SGD", "-7.50", "0.00"]]


def test_a_page_of_the_list_leaves_its_filters_alone(client_of: ClientOf) -> None:
    OrganisationFactory.create(name="Aalen")
    client = client_of("agent")
    emptied = client.get("/customers/", headers=HTMX | {"HX-Target": "results"}).content.decode()
    turned = client.get("/customers/", headers=HTMX | {"HX-Target": "list"}).content.decode()
    assert ("Aalen" in emptied, "Aalen" in turned) == (True, True)
    assert ('name="status"' in emptied, 'name="status"' in turned) == (True, False)
    assert "<!doctype" not in emptied + turned


def test_htmx_gets_the_list_alone(client_of: ClientOf) -> None:
    OrganisationFactory.create(name="Zürich AG")
    client = client_of("agent")
    response = client.get("/customers/?q=zurich", headers=HTMX)
    page = response.content.decode()
    assert "Zürich AG" in page
    assert "<!doctype" not in page
    assert 'hx-swap-oob="innerHTML">1 customer</p>' in page
    assert "HX-Request" in response["Vary"]
    restored = client.get("/customers/?q=zurich", headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in restored.content.decode()


@pytest.mark.parametrize(("query", "count"), [("", 7), ("company", 7), ("nothinglikeit", 10), ("xy-777", 10)])
def test_the_list_asks_few_questions(
    client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, query: str, count: int
) -> None:
    for number in range(60):
        OrganisationFactory.create(name=f"Company {number}")
    client = client_of("agent")
    with django_assert_num_queries(count):
        client.get("/customers/", {"q": query})


def test_the_list_asks_few_questions_for_similar_names(
    client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        OrganisationFactory.create(name=f"Company {number}")
    for number in range(10):
        OrganisationFactory.create(name=f"Kompany {number}")
    client = client_of("agent")
    # Words that are alike, who has them, and their rows.
    with django_assert_num_queries(7 + 3):
        client.get("/customers/", {"q": "company", "similar": "1"})


OFFER = re.compile(r'<a href="([^"]*)" hx-get="([^"]*)"[^>]*>Show similar names</a>')


def test_similar_names_are_a_link_at_the_end_of_the_list(client_of: ClientOf) -> None:
    for number in range(5):
        OrganisationFactory.create(name=f"Delta & Co {number}")
    OrganisationFactory.create(name="Belta & Co")
    client = client_of("agent")
    page = client.get("/customers/?q=delta+%26+co").content.decode()
    assert "Belta" not in page
    (link,) = OFFER.findall(page)
    assert link == ("/customers/?q=delta%20%26%20co&amp;similar=1",) * 2
    assert page.index("Show similar names") > page.index("Delta &amp; Co 4")
    whole = client.get(html.unescape(link[0])).content.decode()
    part = client.get(html.unescape(link[1]), headers=HTMX).content.decode()
    for told in (whole, part):
        assert told.index("Delta &amp; Co 4") < told.index("Similar to “delta &amp; co”") < told.index("Belta")
        assert "5 customers, 1 similar" in told
        assert OFFER.search(told) is None
    assert "<!doctype" not in part
    assert part.split("</p>", 1)[1].strip() in whole


def test_no_similar_name_is_said_plainly(client_of: ClientOf) -> None:
    OrganisationFactory.create(name="Delta")
    client = client_of("agent")
    page = client.get("/customers/?q=delta&similar=1").content.decode()
    assert "1 customer, none similar" in page
    assert "No other customer has words that differ by few letters." in page
    nobody = client.get("/customers/?q=zzzzz&similar=1").content.decode()
    assert nobody.count("No customer found") == 2
    assert "Similar to" not in nobody


@pytest.mark.parametrize("similar", ["", "0", "yes", "1\x00"])
def test_a_wish_that_is_none_shows_the_list(client_of: ClientOf, similar: str) -> None:
    OrganisationFactory.create(name="Delta")
    OrganisationFactory.create(name="Belta")
    page = client_of("agent").get("/customers/", {"q": "delta", "similar": similar}).content.decode()
    assert "Show similar names" in page
    assert "Belta" not in page


def test_an_empty_list_says_what_to_do(client_of: ClientOf) -> None:
    client = client_of("agent")
    assert "No customers yet" in client.get("/customers/").content.decode()
    OrganisationFactory.create()
    page = client.get("/customers/", {"q": "<qq>%"}).content.decode()
    assert "No customer found" in page
    assert "&lt;qq&gt;%" in page


@pytest.mark.parametrize("name", TABS)
def test_a_tab_is_a_page_and_a_fragment(client_of: ClientOf, name: str) -> None:
    organisation = OrganisationFactory.create(name="Acme & Söhne")
    client = client_of("auditor")
    whole = client.get(at(name, organisation)).content.decode()
    part = client.get(at(name, organisation), headers=HTMX).content.decode()
    assert "<h1" in whole
    assert "Acme &amp; Söhne" in whole
    assert 'aria-current="page">' + name.capitalize() in whole
    assert "<!doctype" not in part
    assert part.strip() in whole


@pytest.mark.parametrize(("name", "count"), [("overview", 6), ("payment", 7), ("members", 7), ("history", 7)])
def test_a_tab_asks_few_questions(
    client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, name: str, count: int
) -> None:
    organisation = OrganisationFactory.create()
    post_many(organisation, 60)
    for _ in range(5):
        MemberFactory.create(organisation=organisation)
    client = client_of("agent")
    with django_assert_num_queries(count):
        client.get(at(name, organisation))


@pytest.mark.parametrize("name", [*TABS, "header"])
def test_who_does_not_exist_is_not_found(client_of: ClientOf, name: str) -> None:
    client = client_of("agent")
    address = reverse(f"customers:{name}", kwargs={"uuid": uuid.uuid4()})
    assert client.get(address, headers=HTMX).status_code == 404


@pytest.mark.parametrize("name", [*TABS, "header", "correction"])
def test_nobody_reads_without_the_permission(client_of: ClientOf, name: str) -> None:
    organisation = OrganisationFactory.create()
    assert client_of("").get(at(name, organisation)).status_code == 403
    assert Client().get(at(name, organisation)).status_code == 302


def test_the_overview_shows_how_available_credits_are_made_up(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create(account="-20.25", timezone="Pacific/Kiritimati")
    organisation.credit_account.credit_limit = Decimal(100)
    organisation.credit_account.reserved = Decimal("9.75")
    organisation.credit_account.balance = Decimal("-20.25")
    organisation.credit_account.last_seq = 1
    organisation.credit_account.save()
    page = client_of("agent").get(at("overview", organisation)).content.decode()
    for words in ("SGD 70.00", "SGD 20.25 <abbr", "SGD 100.00", "SGD 9.75", "Pacific/Kiritimati", "There it is"):
        assert words in page
    assert str(organisation.uuid) in page
    assert organisation.customer_reference in page


@pytest.mark.parametrize(("name", "said"), [("payment", "Top-up"), ("history", "Sentence")])
def test_a_tab_pages_there_and_back(client_of: ClientOf, name: str, said: str) -> None:
    organisation = OrganisationFactory.create()
    post_many(organisation, 120)
    post_many(OrganisationFactory.create(), 1)
    client = client_of("auditor")

    def read(address: str) -> tuple[list[str], dict[str, str]]:
        page = client.get(address)
        told = shown.listed(page, "Description")
        return [words.removesuffix(" By test") for words in told], shown.beside(page)

    newest = [f"{said} {n}" for n in range(120, 0, -1)]
    first, to = read(at(name, organisation))
    assert (first, list(to)) == (newest[:50], ["Next"])
    second, to = read(to["Next"])
    assert second == newest[50:100]
    third, last = read(to["Next"])
    assert (third, list(last)) == (newest[100:], ["Previous"])
    back, to = read(last["Previous"])
    assert back == second
    assert read(to["Previous"])[0] == first
    assert client.get(at(name, organisation) + "?before=x").status_code == 404


def test_the_history_is_told_in_the_time_of_the_organisation(client_of: ClientOf) -> None:
    organisation = OrganisationFactory.create(timezone="Asia/Singapore")
    post_many(organisation, 1)
    page = client_of("auditor").get(at("history", organisation))
    assert shown.read(page).table("History, newest first").rows == [
        {
            "Date and time": "11 March 2026, 01:00 Asia/Singapore",
            "Event": "Topped up",
            "Description": "Sentence 1",
            "Actor": "system",
        }
    ]


@pytest.mark.parametrize("name", [*TABS, "header"])
def test_pages_that_read_take_no_post(client_of: ClientOf, name: str) -> None:
    assert client_of("agent").post(at(name, OrganisationFactory.create())).status_code == 405
