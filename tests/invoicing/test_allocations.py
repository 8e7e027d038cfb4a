"""Allocations of credit notes to invoices: exact rows, what did not change, and every refusal."""

import uuid
from decimal import Decimal as D

import pytest

from customers import refusals as customers_refusals
from invoicing import refusals
from invoicing.models import CreditNoteAllocation, CreditNoteHold
from portal import frame
from tests.invoicing.booking import allocate, draft, pay, send, sentences, sums
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_a_note_pays_an_unpaid_invoice_in_parts(unpaid, now):
    note = send(draft(unpaid, now), now)
    other = factories.invoice(unpaid.organisation, amounts=[("100", "0"), ("200", "0")], paid=["60", "0"])
    assert allocate(note, other, "50", now).status == "partly_applied"
    first, second = other.lines.all()
    rows = CreditNoteAllocation.objects.order_by("pk").values_list("credit_note", "line", "amount", "actor")
    assert list(rows) == [
        (note.pk, first.pk, D(40), "billing-1"),
        (note.pk, second.pk, D(10), "billing-1"),
    ]
    assert sums(other) == [(100, 0, 0, 0), (10, 0, 0, 0)]
    done = allocate(note, unpaid, "221.41", now)
    assert (done.status, done.allocated) == ("applied", D("271.41"))
    assert sums(unpaid) == [(D("221.41"), D("271.41"), 0, 0), (0, 0, 0, 0)]
    assert sentences()[-2][1:3] == (
        "Credit note allocated",
        f"SGD 50.00 of credit note CN-0000001 allocated to {other.number}.",
    )


def test_a_note_pays_the_charges_it_names_first(now):
    organisation = factories.OrganisationFactory.create(currency="INR", timezone="Asia/Kolkata")
    invoice = factories.invoice(
        organisation, amounts=[("928.90", "0"), ("747.65", "0"), ("566.40", "0")], paid=["500", "0", "0"]
    )
    note = send(draft(invoice, now, [(2, "566.40", "0")]), now)
    assert allocate(note, invoice, "566.40", now).status == "applied"
    assert [line.charged - line.paid for line in invoice.lines.all()] == [D("428.90"), D("747.65"), 0]


def test_what_the_named_charges_do_not_take_goes_on_in_order(unpaid, now):
    _, second = unpaid.lines.all()
    pay(unpaid, "20", now, by_charge={second.pk: D(20)})
    note = factories.credit_note(unpaid.organisation, net="50", line=second)
    allocate(note, unpaid, "45", now)
    assert [line[0] for line in sums(unpaid)] == [15, 50]


def test_a_note_that_pays_the_rest_makes_the_invoice_paid(unpaid, now):
    note = send(draft(unpaid, now), now)
    other = factories.invoice(unpaid.organisation, amounts=[("100", "0")], paid=["60"])
    allocate(note, other, "40", now)
    other.refresh_from_db()
    assert (other.paid, other.status) == (100, "paid")


def test_a_note_that_a_termination_holds_is_still_allocated(unpaid, now):
    note = send(draft(unpaid, now), now)
    CreditNoteHold.objects.create(credit_note=note, kind="settles", cause_id=uuid.uuid4())
    assert allocate(note, unpaid, "10", now).status == "partly_applied"


def test_the_same_form_sent_twice_allocates_once(unpaid, now):
    note = send(draft(unpaid, now), now)
    request_id = uuid.uuid4()
    first = allocate(note, unpaid, "271.41", now, request_id=request_id)
    again = allocate(note, unpaid, "271.41", now, request_id=request_id)
    assert (first, first.status, again.status) == (again, "applied", "applied")
    assert CreditNoteAllocation.objects.count() == 1
    with pytest.raises(frame.KeyReused):
        allocate(note, unpaid, "1", now, request_id=request_id)


def test_what_a_note_cannot_pay(unpaid, now):
    note = send(draft(unpaid, now, [(0, "100", "0")]), now)
    other = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], paid=["0"])
    small = factories.invoice(unpaid.organisation, amounts=[("50", "0")], paid=["0"])
    paid = factories.invoice(unpaid.organisation, amounts=[("50", "0")])
    for invoice, amount, error, sentence in (
        (unpaid, "100.01", refusals.AmountAboveNote, r"left of CN-0000001: SGD 100\.00"),
        (small, "50.01", refusals.AmountAboveOpen, r"SGD 50\.00"),
        (paid, "1", refusals.InvoiceNotPayable, "nothing open"),
        (other, "1", refusals.NotTheSameCustomer, "not an invoice of"),
        (unpaid, "0", customers_refusals.AmountNotUsable, "too little"),
    ):
        with pytest.raises(error, match=sentence):
            allocate(note, invoice, amount, now)
    assert not CreditNoteAllocation.objects.exists()
    note.refresh_from_db()
    assert (note.status, note.allocated) == ("sent", 0)


@pytest.mark.parametrize(
    ("status", "why"), [("draft", "mark it as Sent first"), ("void", "is void"), ("applied", "is used up")]
)
def test_only_a_sent_note_is_allocated(unpaid, now, status, why):
    note = factories.credit_note(unpaid.organisation, status=status)
    with pytest.raises(refusals.NoteNotAllocatable, match=why):
        allocate(note, unpaid, "1", now)
