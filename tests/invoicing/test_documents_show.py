"""What an invoice and a note show: each cell by its heading, each value by its term, and to whom which button."""

import datetime as dt
import uuid

import pytest

from invoicing import operations
from tests.invoicing import booking, taking_back
from tests.invoicing.pages import url
from tests.support import factories, shown
from tests.support.factories import C
from tests.support.terminations import terminate

pytestmark = pytest.mark.django_db

# In Singapore it is the 11th.
LATE = dt.datetime(2026, 3, 10, 20, 0, tzinfo=dt.UTC)
ON_INVOICE = {"Create credit note", "Record payment", "Take back"}
ON_NOTE = {"Void", "Take back", "Mark as Sent", "Put into Available Credits", "Allocate"}


def invoice_page(client, invoice):
    return shown.read(client.get(url("invoice", invoice.uuid)))


def note_page(client, note):
    return shown.read(client.get(url("credit_note", note.uuid)))


@pytest.fixture
def note(unpaid):
    """Give back 54.50 of the first charge and 10 of the second; of the note, 30 paid the first."""
    made = booking.send(booking.draft(unpaid, LATE, parts=((0, "50", "4.50"), (1, "10", "0"))), LATE)
    booking.pay(unpaid, "200", LATE, received_on=dt.date(2026, 3, 5))
    booking.allocate(made, unpaid, "30", LATE)
    # Another customer's, of which nothing may be seen.
    other = factories.invoice(factories.OrganisationFactory.create(), amounts=[("70", "0")])
    factories.credit_note(other.organisation, line=other.lines.get(), net="7")
    return made


def test_an_invoice_shows_each_amount_under_its_heading(client_of, unpaid, note):
    read = invoice_page(client_of("agent"), unpaid)
    assert read.terms() == {
        "Charged": "SGD 321.41",
        "Paid": "SGD 230.00",
        "Waived": "SGD 0.00",
        "Open": "SGD 91.41",
    }
    names = ("Net", "Tax", "Charged", "Paid", "Noted", "Waived", "Refunded", "Open")
    charges = read.table("Charges of the invoice")
    assert charges.headings == ["Charge", *names]
    assert [[row[name] for name in names] for row in charges.rows] == [
        [f"SGD {amount}" for amount in row.split()]
        for row in (
            "249.00 22.41 271.41 230.00 54.50 0.00 0.00 41.41",
            "50.00 0.00 50.00 0.00 10.00 0.00 0.00 50.00",
            # Of all charges.
            "299.00 22.41 321.41 230.00 64.50 0.00 0.00 91.41",
        )
    ]
    assert read.table("Payments on the invoice").rows == [
        {
            "Received on": "5 March 2026",
            "Method": "Bank transfer",
            "Reference": "FT 12",
            "Charges": "SGD 200.00 of Plan",
            "Recorded by": "billing-1",
            "Amount": "SGD 200.00",
        },
        {
            "Received on": "11 March 2026",
            "Method": "Credit note",
            "Reference": "CN-0000001",
            "Charges": "SGD 30.00 of Plan",
            "Recorded by": "billing-1",
            "Amount": "SGD 30.00",
        },
    ]
    assert read.table("Credit notes that name these charges or stand for them").rows == [
        {
            "Number": "CN-0000001",
            "Status": "Partly applied",
            "Issued on": "11 March 2026",
            "Of this invoice": "SGD 64.50",
        }
    ]
    assert read.address("CN-0000001") == url("credit_note", note.uuid)


def test_a_note_gives_back_of_an_invoice_what_its_lines_there_do(client_of):
    organisation = factories.OrganisationFactory.create()
    first, second = (factories.invoice(organisation, amounts=[("50", "5")], paid=["0"]) for _ in range(2))
    note = factories.credit_note(organisation, line=first.lines.get(), net="20", tax="2")
    line = second.lines.get()
    note.lines.create(line=line, currency="SGD", net=5, tax=1)
    for invoice, given in ((first, "SGD 22.00"), (second, "SGD 6.00")):
        read = invoice_page(client_of("agent"), invoice)
        assert read.table("Credit notes that name these charges or stand for them").column("Of this invoice") == [
            given
        ]


def test_what_a_termination_waived_and_refunded_stands_in_its_columns(client_of, agent, now):
    made = factories.subscription(cycles=(C("2026-03-01", net="50", tax="4.50", paid="30"),))
    invoice = factories.charge_of(made).invoice
    terminate(made, by=agent, at=now)
    read = invoice_page(client_of("agent"), invoice)
    (row,) = read.table("Charges of the invoice").rows
    assert [row[name] for name in ("Noted", "Waived", "Refunded", "Open")] == [
        "SGD 0.00",
        "SGD 24.50",
        "SGD 30.00",
        "SGD 0.00",
    ]
    assert read.terms()["Waived"] == "SGD 24.50"
    assert read.address(row["Charge"].removeprefix("Plan Plan · ")) == f"/subscriptions/{made.uuid}/"


def test_a_note_shows_each_amount_under_its_heading(client_of, unpaid, note):
    read = note_page(client_of("agent"), note)
    assert read.terms() == {
        "Total": "SGD 64.50",
        "Net": "SGD 60.00",
        "Tax": "SGD 4.50",
        "Allocated": "SGD 30.00",
        "Not allocated": "SGD 34.50",
        "Reason": "Line fault",
        "Created against": unpaid.number,
        "Void": "SGD 30.00 of CN-0000001 is allocated, so it can't be voided.",
        "Marked as Sent because": "Agreed.",
    }
    line = {"Charge": "Plan", "Invoice": unpaid.number}
    assert read.table("Lines of the note").rows == [
        line | {"Net": "SGD 50.00", "Tax": "SGD 4.50", "Amount": "SGD 54.50"},
        line | {"Net": "SGD 10.00", "Tax": "SGD 0.00", "Amount": "SGD 10.00"},
        {"Charge": "All charges", "Net": "SGD 60.00", "Tax": "SGD 4.50", "Amount": "SGD 64.50"},
    ]
    assert read.table("Allocations of the note").rows == [
        line | {"Allocated on": "11 March 2026", "By": "billing-1", "Amount": "SGD 30.00"}
    ]


def test_a_void_note_says_why_it_was_sent_and_why_it_was_voided(client_of, unpaid):
    note = booking.send(booking.draft(unpaid, LATE), LATE)
    operations.void(note_uuid=note.uuid, reason="Sent twice.", request_id=uuid.uuid4(), by=booking.BY, at=LATE)
    terms = note_page(client_of("agent"), note).terms()
    assert (terms["Marked as Sent because"], terms["Voided because"]) == ("Agreed.", "Sent twice.")
    assert terms["Void"] == f"{note.number} is void already."


def buttons(read, of):
    return {words for words in of if read.can(words)}


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_who_only_reads_is_offered_nothing(client_of, unpaid, note, role):
    client = client_of(role)
    assert buttons(invoice_page(client, unpaid), ON_INVOICE) == set()
    assert buttons(note_page(client, note), ON_NOTE) == set()
    assert buttons(note_page(client, booking.draft(unpaid, LATE, parts=((1, "5", "0"),))), ON_NOTE) == set()


def test_billing_staff_are_offered_what_a_document_allows(billing, unpaid):
    assert buttons(invoice_page(billing, unpaid), ON_INVOICE) == {"Create credit note", "Record payment"}
    payment = booking.pay(unpaid, "321.41", LATE)
    assert buttons(invoice_page(billing, unpaid), ON_INVOICE) == ON_INVOICE
    taking_back.take_back(payment, LATE)
    assert buttons(invoice_page(billing, unpaid), ON_INVOICE) == {"Create credit note", "Record payment"}
    note = booking.draft(unpaid, LATE)
    assert buttons(note_page(billing, note), ON_NOTE) == {"Mark as Sent", "Void"}
    note = booking.send(note, LATE)
    assert buttons(note_page(billing, note), ON_NOTE) == {"Void", "Put into Available Credits", "Allocate"}
    booking.allocate(note, unpaid, "1", LATE)
    assert buttons(note_page(billing, note), ON_NOTE) == {"Take back", "Put into Available Credits", "Allocate"}
