"""The lists of invoices, credit notes and payments: each cell by its heading, and what a filter leaves."""

import datetime as dt

import pytest
import time_machine

from tests.invoicing import booking, taking_back
from tests.invoicing.pages import url
from tests.support import factories, shown

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 31, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def documents():
    """Invoices of Acme by their age in days, of which that of 40 days is paid; and one of Beta in euros, of 90."""
    acme = factories.OrganisationFactory.create(name="Acme", customer_reference="REF-A")
    beta = factories.OrganisationFactory.create(name="Beta", customer_reference="REF-B", currency="EUR")
    made = {}
    for age, owner, paid in ((30, acme, "10"), (40, acme, "54.50"), (29, acme, "0"), (90, beta, "0")):
        issued_on = NOW.date() - dt.timedelta(days=age)
        net = str(50 if owner is acme else 900)
        made[age] = factories.invoice(owner, amounts=[(net, "4.50")], paid=[paid], issued_on=issued_on)
        if paid == "54.50":
            made[age].status = "paid"
            made[age].save()
    return made


def test_invoices_show_each_value_under_its_heading(client_of, documents):
    rows = shown.read(client_of("agent").get(url("invoice_list"))).table("Invoices, newest first").rows
    usual = {"Kind": "Tax invoice", "Status": "Awaiting payment", "Organisation": "Acme REF-A"}
    assert rows == [
        {**usual, "Number": documents[age].number, **cells}
        for age, cells in (
            (
                90,
                {
                    "Organisation": "Beta REF-B",
                    "Issued on": "31 December 2025",
                    "Charged": "EUR 904.50",
                    "Open": "EUR 904.50",
                },
            ),
            (29, {"Issued on": "2 March 2026", "Charged": "SGD 54.50", "Open": "SGD 54.50"}),
            (
                40,
                {"Status": "Paid", "Issued on": "19 February 2026", "Charged": "SGD 54.50", "Open": "SGD 0.00"},
            ),
            (30, {"Issued on": "1 March 2026", "Charged": "SGD 54.50", "Open": "SGD 44.50"}),
        )
    ]


FILTERED = (
    ("unpaid=30", [30, 90]),
    ("unpaid=90", [90]),
    ("issued_from=2026-03-02", [29]),
    ("issued_to=2026-03-01", [30, 40, 90]),
    ("issued_from=2026-03-01&issued_to=2026-03-02", [29, 30]),
    ("currency=EUR", [90]),
    ("amount_from=54.50", [29, 30, 40, 90]),
    ("amount_from=54.51", [90]),
    ("amount_to=54.50", [29, 30, 40]),
    ("status=paid", [40]),
)


@pytest.mark.parametrize(("query", "ages"), FILTERED)
def test_a_filter_leaves_what_it_says(client_of, documents, query, ages):
    page = client_of("auditor").get(f"{url('invoice_list')}?{query}")
    assert sorted(shown.listed(page, "Number")) == sorted(documents[age].number for age in ages)


@pytest.mark.parametrize(("sort", "ages"), [("issued", [90, 40, 30, 29]), ("-issued", [29, 30, 40, 90])])
def test_they_come_in_the_order_that_is_asked(client_of, documents, sort, ages):
    page = client_of("auditor").get(url("invoice_list"), {"sort": sort})
    assert shown.listed(page, "Number") == [documents[age].number for age in ages]


def test_an_organisation_is_found_by_its_name_whatever_its_accents(client_of, documents):
    factories.invoice(factories.OrganisationFactory.create(name="Ümlaut"), amounts=[("7", "0")])
    page = client_of("auditor").get(f"{url('invoice_list')}?organisation=umlaut")
    assert shown.listed(page, "Charged") == ["SGD 7.00"]


def test_what_is_filtered_is_added_up_by_currency(client_of, documents):
    read = shown.read(client_of("auditor").get(f"{url('invoice_list')}?sums=total&status=awaiting_payment"))
    assert read.table("Invoices added up").rows == [
        {"Currency": "SGD", "Number": "2", "Charged": "SGD 109.00", "Paid": "SGD 10.00", "Waived": "SGD 0.00"},
        {"Currency": "EUR", "Number": "1", "Charged": "EUR 904.50", "Paid": "EUR 0.00", "Waived": "EUR 0.00"},
    ]


def test_the_file_holds_what_is_filtered_and_nothing_else(client_of, documents):
    file = client_of("auditor").get(f"{url('invoice_list')}?status=paid&format=csv")
    body = b"".join(file).decode("utf-8")
    owner = documents[40].organisation.uuid
    assert body.splitlines() == [
        "\ufeffNumber,Organisation,Organisation UUID,Kind,Status,Issued on,Currency,Charged,Open",
        f"{documents[40].number},Acme,{owner},tax,paid,2026-02-19,SGD,54.50,0.00",
    ]


def test_credit_notes_show_each_value_under_its_heading(client_of, documents):
    line = documents[30].lines.get()
    used = factories.credit_note(documents[30].organisation, line=line, net="20", tax="1.80", status="sent")
    booking.allocate(used, documents[30], "5", NOW)
    free = factories.credit_note(documents[90].organisation, net="7")
    rows = shown.read(client_of("agent").get(url("credit_note_list"))).table().rows
    usual = {"Issued on": "1 January 2026"}
    assert rows == [
        {
            **usual,
            "Number": free.number,
            "Organisation": "Beta REF-B",
            "Invoice": "–",
            "Status": "Sent",
            "Total": "EUR 7.00",
            "Not allocated": "EUR 7.00",
        },
        {
            **usual,
            "Number": used.number,
            "Organisation": "Acme REF-A",
            "Invoice": documents[30].number,
            "Status": "Partly applied",
            "Total": "SGD 21.80",
            "Not allocated": "SGD 16.80",
        },
    ]


def test_payments_show_each_value_under_its_heading(client_of, documents):
    payment = booking.pay(documents[29], "20", NOW, received_on=dt.date(2026, 3, 20), reference="FT 4711")
    taking_back.take_back(payment, NOW)
    client = client_of("auditor")
    address = url("payment_list")
    assert shown.read(client.get(f"{address}?received_from=2026-03-20")).table().rows == [
        {
            "Received on": "20 March 2026",
            "Organisation": "Acme REF-A",
            "Invoice": documents[29].number,
            "Method": "Bank transfer",
            "Reference": "FT 4711",
            "Recorded by": "billing-1",
            "Amount": "SGD 20.00",
            "Taken back": "SGD 20.00",
        }
    ]
    for query, amounts in (
        ("received_to=2026-03-19", ["SGD 54.50", "SGD 10.00"]),
        ("method=bank_transfer", ["SGD 20.00"]),
        ("reference=4711", ["SGD 20.00"]),
        ("actor=BILLING", ["SGD 20.00"]),
        (f"q={documents[40].number}", ["SGD 54.50"]),
    ):
        assert sorted(shown.listed(client.get(f"{address}?{query}"), "Amount")) == sorted(amounts), query
