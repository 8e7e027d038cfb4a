"""Credit entries: those of one account in its tab, all of them in their list, and what these come to."""

import csv
import io
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from customers import operations
from customers.models import Organisation
from portal import frame
from portal.audit import operations as audit_operations
from tests.customers.pages import NOW, ClientOf, at
from tests.support import shown
from tests.support.factories import OrganisationFactory

pytestmark = pytest.mark.django_db

LIST = reverse("customers:credit_entries")
CAUSE = uuid.UUID("11111111-2222-3333-4444-555555555555")


def post(organisation: Organisation, amount: str, **said: Any) -> None:
    given: dict[str, Any] = {
        "kind": "top_up",
        "cause_id": None,
        "is_unbilled": False,
        "at": NOW,
        "on": NOW.date(),
        "description": "At the counter",
        "actor": "anna",
        **said,
    }
    with frame.operation("test"):
        account = operations.lock_account(organisation_id=organisation.pk)
        operations.post_entry(account=account, amount=Decimal(amount), **given)
        audit_operations.record(
            "record.changed", sentence="Posted.", app="Customers", label="Posted", by=frame.SYSTEM, at=NOW
        )


@pytest.fixture
def world() -> tuple[Organisation, Organisation]:
    acme = OrganisationFactory.create(name="Acme", customer_reference="A-1")
    zurich = OrganisationFactory.create(name="Zürich AG", customer_reference="Z-1", currency="CHF")
    post(acme, "100", description="Opened", on=date(2026, 1, 1), kind="opening_balance", actor="import")
    post(acme, "-120.125", description="Usage", on=date(2026, 2, 1), kind="charge", is_unbilled=True)
    post(zurich, "50", description="Came back", on=date(2026, 3, 1), kind="refund", cause_id=CAUSE)
    post(acme, "20.125", description="Mended", on=date(2026, 3, 2), kind="correction", actor="Bob")
    return acme, zurich


def test_the_tab_shows_each_entry_and_the_balance_after_it(client_of: ClientOf, world) -> None:
    acme, zurich = world
    client = client_of("agent")
    table = shown.read(client.get(at("payment", acme))).table("Credit entries, newest first")
    assert table.rows == [
        {
            "Date": "2 March 2026",
            "Kind": "Correction",
            "Description": "Mended By Bob",
            "Amount": "SGD +20.125",
            "Balance after": "SGD 0.00 CR",
        },
        {
            "Date": "1 February 2026",
            "Kind": "Charge Unbilled",
            "Description": "Usage By anna",
            "Amount": "SGD -120.125",
            "Balance after": "SGD 20.125 DR",
        },
        {
            "Date": "1 January 2026",
            "Kind": "Opening balance",
            "Description": "Opened By import",
            "Amount": "SGD +100.00",
            "Balance after": "SGD 100.00 CR",
        },
    ]
    page = shown.read(client.get(at("payment", zurich)))
    assert page.table().column("Description") == ["Came back By anna Termination"]
    assert page.address("Termination") == reverse("subscriptions:termination", args=[CAUSE])
    nothing = client.get(at("payment", OrganisationFactory.create()))
    assert "No entries yet" in shown.read(nothing).said("Entries")


def test_an_entry_leads_to_its_cause_where_that_is_a_termination(client_of: ClientOf) -> None:
    acme = OrganisationFactory.create()
    for kind, is_led in (("refund", True), ("correction", True), ("credit_note", False), ("top_up", False)):
        post(acme, "1", kind=kind, cause_id=uuid.uuid4(), description=kind)
        told = shown.read(client_of("agent").get(LIST)).table().column("Description")[0]
        assert told == f"{kind} By anna{' Termination' if is_led else ''}"


def test_the_list_shows_whose_entries_they_are(client_of: ClientOf, world) -> None:
    _, zurich = world
    page = shown.read(client_of("agent").get(LIST))
    assert page.table("Credit entries, newest first").rows[1] == {
        "Date": "1 March 2026",
        "Organisation": "Zürich AG Z-1",
        "Kind": "Refund",
        "Description": "Came back By anna Termination",
        "Amount": "CHF +50.00",
        "Balance after": "CHF 50.00 CR",
    }
    assert page.address("Zürich AG") == at("overview", zurich)


def test_each_filter_lets_through_what_it_says(client_of: ClientOf, world) -> None:
    acme, _ = world
    client = client_of("auditor")
    for asked, found in (
        ({}, ["Mended", "Came back", "Usage", "Opened"]),
        ({"organisation": "zurich"}, ["Came back"]),
        ({"organisation": str(acme.uuid)}, ["Mended", "Usage", "Opened"]),
        ({"organisation": "A-1", "kind": "charge"}, ["Usage"]),
        ({"kind": "refund"}, ["Came back"]),
        ({"on_from": "2026-03-01"}, ["Mended", "Came back"]),
        ({"on_from": "2026-02-01", "on_to": "2026-03-01"}, ["Came back", "Usage"]),
        ({"on_to": "2026-02-01", "sort": "day"}, ["Opened", "Usage"]),
        ({"currency": "chf"}, ["Came back"]),
        # A bound counts for what was taken as well.
        ({"amount_from": "50"}, ["Came back", "Usage", "Opened"]),
        ({"amount_to": "50"}, ["Mended", "Came back"]),
        ({"amount_from": "100", "amount_to": "120.125"}, ["Usage", "Opened"]),
        ({"actor": "BOB"}, ["Mended"]),
        ({"cause": str(CAUSE)}, ["Came back"]),
        ({"cause": str(uuid.uuid4())}, []),
    ):
        told = shown.listed(client.get(LIST, asked), "Description")
        assert [words.partition(" By ")[0] for words in told] == found, asked
    for asked in ({"cause": "x"}, {"kind": "x"}, {"on_from": "2026-02-01", "on_to": "2026-01-01"}):
        assert client.get(LIST, asked).status_code == 422, asked


def test_entries_are_added_up_by_currency_and_by_kind(client_of: ClientOf, world) -> None:
    client = client_of("billing")
    for asked, rows in (
        (
            {"sums": "total"},
            [
                ("", "SGD", "3", "SGD +120.125", "SGD -120.125", "SGD 0.00"),
                ("", "CHF", "1", "CHF +50.00", "CHF 0.00", "CHF +50.00"),
            ],
        ),
        (
            {"sums": "kind", "organisation": "acme"},
            [
                ("Charge", "SGD", "1", "SGD 0.00", "SGD -120.125", "SGD -120.125"),
                ("Correction", "SGD", "1", "SGD +20.125", "SGD 0.00", "SGD +20.125"),
                ("Opening balance", "SGD", "1", "SGD +100.00", "SGD 0.00", "SGD +100.00"),
            ],
        ),
    ):
        table = shown.read(client.get(LIST, asked)).tables[-1]
        headings = ("Kind", "Currency", "Number", "Added", "Taken", "Together")
        assert [tuple(row.get(heading, "") for heading in headings) for row in table.rows] == rows, asked


def test_the_file_has_what_the_page_leaves_out(client_of: ClientOf, world) -> None:
    acme, _ = world
    response = client_of("auditor").get(LIST, {"kind": "charge", "format": "csv"})
    text = b"".join(response).decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == [
        {
            "Date": "2026-02-01",
            "Organisation": "Acme",
            "Organisation UUID": str(acme.uuid),
            "Place": "2",
            "Kind": "charge",
            "Description": "Usage",
            "By": "anna",
            "Recorded at": "2026-03-10T17:00:00+00:00",
            "Cause UUID": "",
            "Unbilled": "yes",
            "Currency": "SGD",
            "Amount": "-120.125",
            "Balance after": "-20.125",
        }
    ]


def test_amounts_in_the_newest_currencies_are_shown(client_of: ClientOf) -> None:
    for currency in ("XCG", "ZWG"):
        post(OrganisationFactory.create(currency=currency), "5")
    assert shown.listed(client_of("agent").get(LIST), "Amount") == ["ZWG +5.00", "XCG +5.00"]


def test_the_list_asks_few_questions(client_of: ClientOf, world, django_assert_num_queries) -> None:
    client = client_of("agent")
    # Session, user, permissions, group label; provider name; saved filters; entries, and what UUIDs lead to.
    with django_assert_num_queries(7):
        client.get(LIST)
