"""The pages that take back payments and what was done with notes."""

import re
import uuid
from decimal import Decimal as D

import pytest
from django.db import connection
from django.urls import reverse

from customers.models import LedgerEntry
from invoicing import operations, selectors
from invoicing.models import CreditNote, CreditNoteAllocation, CreditNotePutInLine, TakeBack
from tests.invoicing.taking_back import BY, pay, put_in
from tests.support import factories, pages

pytestmark = pytest.mark.django_db


def test_the_page_takes_back_and_tells_of_it(client_of, unpaid_150, now):
    payment = pay(unpaid_150, "170", now, into_credits="20")
    billing = client_of("billing")
    invoice_page = reverse("invoicing:invoice", args=[unpaid_150.uuid])
    address = reverse("invoicing:take_back_payment", args=[payment.uuid])
    assert address in billing.get(invoice_page).content.decode()
    assert address not in client_of("agent").get(invoice_page).content.decode()
    form = pages.form(billing.get(address), action="/take-back/")
    first = payment.lines.order_by("pk").first()
    assert form.data()[f"paid_{first.pk}"] == ["100.00"]
    assert form.data()["surplus"] == ["20.00"]
    for changed, status, sentence in (
        ({"reason": ""}, 422, "This is empty"),
        ({"reason": "x", f"paid_{first.pk}": "100.01"}, 409, "more than what is still there"),
        ({"reason": "x", f"paid_{first.pk}": "x"}, 422, "not an amount"),
    ):
        refused = billing.post(address, form.data(**changed))
        assert (refused.status_code, sentence in pages.words(refused)) == (status, True), changed
    sent = form.data(reason="Bounced.")
    for _ in range(2):
        done = billing.post(address, sent, follow=True)
        assert done.redirect_chain == [(invoice_page, 303)]
    words = pages.words(done)
    assert f"SGD 170.00 of the payment of SGD 170.00 on {unpaid_150.number} taken back." in words
    assert re.search(r"Payment of SGD 170\.00 \S+ \S+ \d+ Bounced\. billing-0 SGD 170\.00", words)
    assert "Nothing to take back" in pages.words(billing.get(address))
    assert TakeBack.objects.count() == 1
    assert billing.get(reverse("invoicing:take_back_payment", args=[uuid.uuid4()])).status_code == 404


def test_the_page_of_a_note_puts_in_and_takes_back(client_of, unpaid_150, now):
    note = factories.credit_note(unpaid_150.organisation, net="80")
    billing = client_of("billing")
    page = reverse("invoicing:credit_note", args=[note.uuid])
    assert "Put into Available Credits" in pages.words(billing.get(page))
    assert "Put into Available Credits" not in pages.words(client_of("agent").get(page))
    form = pages.form(billing.get(reverse("invoicing:put_into_credits", args=[note.uuid])), action="/put-in/")
    for _ in range(2):
        done = billing.post(form.action, form.data(), follow=True)
        assert "SGD 80.00 put into Available Credits." in pages.words(done)
    assert LedgerEntry.objects.filter(kind="credit_note").count() == 1
    form = pages.form(billing.get(reverse("invoicing:take_back_of_note", args=[note.uuid])), action="/take-back/")
    done = billing.post(form.action, form.data(reason="Wrong customer."), follow=True)
    assert "SGD 80.00 of what" in pages.words(done)
    assert "Wrong customer." in pages.words(done)
    assert CreditNote.objects.get().status == "sent"


def test_what_is_above_a_part_is_said_beside_that_part(client_of, unpaid_150, now):
    """An application and a put-in may have one id: each has its own field."""
    first, _ = unpaid_150.lines.order_by("pk")
    paid = factories.invoice(unpaid_150.organisation, amounts=[("40", "0")]).lines.get()
    note = factories.credit_note(unpaid_150.organisation, net="40", line=paid)
    applied = CreditNoteAllocation.objects.create(
        credit_note=note, line=first, currency="SGD", amount=10, created_at=now, actor="test"
    )
    with connection.cursor() as cursor:
        sequence = "pg_get_serial_sequence('invoicing_creditnoteputinline', 'id')"
        cursor.execute(f"SELECT setval({sequence}, %s, false)", [applied.pk])
    put_in(note, now)
    row = CreditNotePutInLine.objects.get()
    assert row.pk == applied.pk
    billing = client_of("billing")
    address = reverse("invoicing:take_back_of_note", args=[note.uuid])
    form = pages.form(billing.get(address), action="/take-back/")
    for wrong, right in (("applied", "put_in"), ("put_in", "applied")):
        sent = form.data(**{"reason": "x", f"{wrong}_{row.pk}": "40.01", f"{right}_{row.pk}": "1"})
        refused = billing.post(address, sent)
        assert refused.status_code == 409
        errors = refused.context["form"].errors
        assert list(errors) == [f"{wrong}_{row.pk}"]
        assert "more than what is still there" in errors[f"{wrong}_{row.pk}"][0]


def test_each_invoice_shows_what_of_a_note_was_taken_back_there(unpaid_150, now):
    other = factories.invoice(unpaid_150.organisation, amounts=[("200", "0")], paid=["0"])
    note = factories.credit_note(unpaid_150.organisation, net="300")
    for invoice, amount in ((unpaid_150, "100"), (other, "200")):
        operations.allocate(
            note_uuid=note.uuid,
            invoice_uuid=invoice.uuid,
            amount=D(amount),
            request_id=uuid.uuid4(),
            by=BY,
            at=now,
        )
    operations.take_back_of_note(
        note_uuid=note.uuid,
        applied=dict(CreditNoteAllocation.objects.values_list("pk", "amount")),
        put_in={},
        reason="Another customer's.",
        request_id=uuid.uuid4(),
        by=BY,
        at=now,
    )
    for invoice, amount in ((unpaid_150, "SGD 100.00"), (other, "SGD 200.00")):
        (row,) = selectors.invoice_details(invoice.uuid).taken_back
        assert row.amount == amount
