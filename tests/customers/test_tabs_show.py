"""What stands in a customer's tabs: each value by its term, each cell by its heading, and for whom which link."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission

from customers.models import Member, Organisation
from tests.customers.pages import ClientOf, at, filled
from tests.support import pages, shown
from tests.support.factories import MemberFactory, OrganisationFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 10, 20, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def with_credits(*, balance: str, credit_limit: str = "0", reserved: str = "0") -> Organisation:
    made: Organisation = OrganisationFactory.create(account=balance)
    account = made.credit_account
    account.credit_limit, account.reserved = Decimal(credit_limit), Decimal(reserved)
    account.save()
    return made


def test_every_term_of_the_overview_has_its_own_value(client_of: ClientOf) -> None:
    made = OrganisationFactory.create(
        name="Zürich AG",
        country="CH",
        currency="CHF",
        # Already the 11th there.
        timezone="Asia/Singapore",
        status="suspended",
        payment_mode="postpaid",
        owner_email="owner@example.com",
        billing_email="bills@example.com",
        customer_reference="REF-4711",
        created_on=dt.date(2020, 2, 29),
    )
    read = shown.read(client_of("agent").get(at("overview", made)))
    assert read.headings[0] == "Zürich AG"
    assert read.terms(under="Profile") == {
        "UUID": str(made.uuid),
        "Status": "Suspended",
        "Payment mode": "Postpaid",
        "Country": "CH",
        "Taxes": "Charged",
        "Currency": "CHF",
        "Time zone": "Asia/Singapore There it is 11 March 2026.",
        "Created on": "29 February 2020",
    }
    assert read.terms(under="Contact") == {
        "Owner e-mail": "owner@example.com",
        "Billing e-mail": "bills@example.com",
        "Customer reference": "REF-4711",
    }


# Balance, credit limit, reserved; then what the overview says of Available Credits, and of how they are made up.
CREDITS = (
    ("0", "0", "0", "SGD 0.00", "SGD 0.00 CR", "SGD 0.00", "SGD 0.00"),
    ("0.01", "0", "0", "SGD 0.01", "SGD 0.01 CR", "SGD 0.00", "SGD 0.00"),
    ("-0.01", "0", "0", "SGD -0.01", "SGD 0.01 DR", "SGD 0.00", "SGD 0.00"),
    ("-20.25", "100", "9.75", "SGD 70.00", "SGD 20.25 DR", "SGD 100.00", "SGD 9.75"),
    ("1234.5", "10", "300", "SGD 944.50", "SGD 1,234.50 CR", "SGD 10.00", "SGD 300.00"),
)


@pytest.mark.parametrize(("balance", "limit", "reserved", "available", *"bcd"), CREDITS)
def test_available_credits_are_balance_and_limit_less_what_is_reserved(
    client_of: ClientOf, balance: str, limit: str, reserved: str, available: str, b: str, c: str, d: str
) -> None:
    made = with_credits(balance=balance, credit_limit=limit, reserved=reserved)
    read = shown.read(client_of("auditor").get(at("overview", made)))
    assert read.terms(under="Available Credits") == {"Balance": b, "+ Credit limit": c, "- Reserved": d}
    assert read.said("Available Credits").startswith(f"{available} Balance")
    assert read.said(made.name).startswith(f"Active Prepaid · Available Credits {available}")


def test_members_stand_by_role_then_by_name(client_of: ClientOf) -> None:
    made = OrganisationFactory.create()
    MemberFactory.create(name="Of Another")
    for name, role in (
        ("Zoë", "member"),
        ("Bert", "admin"),
        ("Ärne", "member"),
        ("Yan", "owner"),
        ("Ann", "owner"),
    ):
        MemberFactory.create(organisation=made, name=name, email=f"{name}@example.com", role=Member.Role(role))
    table = shown.read(client_of("agent").get(at("members", made))).table("Members")
    assert table.headings == ["Name", "E-mail", "Role"]
    assert table.rows == [
        {"Name": name, "E-mail": f"{name}@example.com", "Role": role}
        for name, role in (
            ("Ann", "Owner"),
            ("Yan", "Owner"),
            ("Bert", "Admin"),
            ("Ärne", "Member"),
            ("Zoë", "Member"),
        )
    ]


@pytest.mark.parametrize(
    ("role", "current"), [("agent", "Overview"), ("billing", "Members"), ("auditor", "Payment")]
)
def test_the_tab_that_is_shown_is_marked(client_of: ClientOf, role: str, current: str) -> None:
    made = OrganisationFactory.create(name="Acme")
    address = at(current.lower(), made)
    tabs = shown.read(client_of(role).get(address)).navigations["Sections of Acme"]
    assert [(tab.words, tab.address) for tab in tabs if tab.is_current] == [(current, address)]
    assert [tab.words for tab in tabs] == ["Overview", "Subscriptions", "Payment", "Invoices", "Members", "History"]


def test_a_tab_is_there_for_who_may_see_it(client_of: ClientOf) -> None:
    client = client_of("")
    client.user.user_permissions.add(Permission.objects.get(codename="view_organisation"))
    tabs = shown.read(client.get(at("overview", OrganisationFactory.create(name="Acme")))).navigations
    assert [tab.words for tab in tabs["Sections of Acme"]] == ["Overview", "Payment", "Members", "History"]


@pytest.mark.parametrize(("role", "may"), [("agent", True), ("billing", True), ("auditor", False)])
def test_contacts_are_changed_by_who_may(client_of: ClientOf, role: str, may: bool) -> None:
    made = OrganisationFactory.create()
    assert shown.read(client_of(role).get(at("overview", made))).can("Change contacts") is may


# Balance, limit, reserved, direction; what the last step says of 12.50.
POSTED = (
    (("5", "0", "0"), "take", "Taken from Available Credits", "SGD 5.00 CR", "SGD 7.50 DR", "SGD 7.50 DR"),
    (("5", "100", "2"), "add", "Added to Available Credits", "SGD 5.00 CR", "SGD 17.50 CR", "SGD 115.50 CR"),
    (("-12.50", "0", "0"), "add", "Added to Available Credits", "SGD 12.50 DR", "SGD 0.00 CR", "SGD 0.00 CR"),
)


@pytest.mark.parametrize(("credits", "direction", "done", "before", "after", "available"), POSTED)
def test_a_correction_shows_the_balance_before_and_after(
    client_of: ClientOf,
    credits: tuple[str, str, str],
    direction: str,
    done: str,
    before: str,
    after: str,
    available: str,
) -> None:
    balance, limit, reserved = credits
    made = with_credits(balance=balance, credit_limit=limit, reserved=reserved)
    client = client_of("billing")
    sent = filled(direction=direction, request_id=str(uuid.uuid4()), seen_seq="")
    preview = client.post(at("correction", made), sent)
    assert shown.read(preview).terms() == {
        done: "SGD 12.50",
        "Reason": "Counted twice",
        "Balance now": before,
        "Balance after posting": after,
        "Available Credits after posting": available,
    }
    posted = client.post(at("correction", made), pages.form(preview, action="/correction/").data(), follow=True)
    said = f"SGD 12.50 {'added to' if direction == 'add' else 'taken from'} Available Credits."
    assert said in pages.words(posted)
