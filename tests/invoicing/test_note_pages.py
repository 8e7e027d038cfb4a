"""Drafting, sending, voiding and allocating credit notes on the pages of the Invoice app."""

import uuid
from decimal import Decimal as D

import pytest

from invoicing.models import CreditNote, CreditNoteAllocation
from tests.invoicing.pages import HTMX, because, draft_of, is_page, text_of, url
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_the_form_of_a_note_offers_what_is_left_of_each_charge(billing, partly_paid):
    first, second = partly_paid.lines.all()
    factories.credit_note(partly_paid.organisation, line=first, net="20", tax="1.80")
    factories.credit_note(partly_paid.organisation, line=second, net="50")
    form = billing.get(url("create_credit_note", partly_paid.uuid))
    assert "SGD 249.61 can still be given back, at most SGD 229.00 net and SGD 20.61 tax" in text_of(form)
    assert "Charged SGD 50.00; nothing of it is left to give back." in text_of(form)
    for part in ("whole", "net", "tax"):
        assert f'name="{part}_{first.pk}"'.encode() in form.content
        assert f'name="{part}_{second.pk}"'.encode() not in form.content


def test_the_whole_line_is_drafted_with_one_tick(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    assert (note.number, note.net, note.tax, note.status, note.reason) == (
        "CN-0000001",
        D("249"),
        D("22.41"),
        "draft",
        "Line fault",
    )
    words = text_of(billing.get(url("credit_note", note.uuid)))
    assert "Mark as Sent" in words
    assert "Credit note CN-0000001 drafted." in words


def test_a_part_is_drafted_with_amounts(billing, partly_paid):
    first, second = partly_paid.lines.all()
    data = {
        f"whole_{first.pk}": "",
        f"net_{first.pk}": "10.50",
        f"tax_{first.pk}": "0.95",
        f"whole_{second.pk}": "on",
    }
    note = draft_of(billing, partly_paid, **data)
    assert list(note.lines.values_list("line", "net", "tax")) == [
        (first.pk, D("10.50"), D("0.95")),
        (second.pk, 50, 0),
    ]


def test_the_same_draft_form_sent_again_after_the_note_went_out(billing, partly_paid):
    request_id = uuid.uuid4()
    note = draft_of(billing, partly_paid, request_id=request_id)
    billing.post(url("send_credit_note", note.uuid), because())
    assert draft_of(billing, partly_paid, request_id=request_id) == note
    assert CreditNote.objects.count() == 1


def test_a_credit_note_form_says_what_is_wrong(billing, partly_paid):
    line = partly_paid.lines.first()
    address = url("create_credit_note", partly_paid.uuid)
    base = {"request_id": uuid.uuid4(), "reason": "x"}
    for data, status, sentence in (
        ({}, 422, "at least one charge"),
        ({f"whole_{line.pk}": "on", f"net_{line.pk}": "1"}, 422, "not both"),
        ({f"net_{line.pk}": "249.01"}, 422, "SGD 249.01 net is more than"),
        ({f"net_{line.pk}": "-1"}, 422, "“-1” is too little; expected 0 or more"),
        ({f"whole_{line.pk}": "on", "reason": ""}, 422, "This is empty"),
        ({"net_999999": "1"}, 422, "at least one charge"),
    ):
        response = billing.post(address, base | data)
        assert response.status_code == status, data
        assert sentence in text_of(response), data
    assert not CreditNote.objects.exists()


def test_a_note_is_sent_once_and_the_second_time_says_so(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    address = url("send_credit_note", note.uuid)
    asked = text_of(billing.get(address))
    assert f"It gives back SGD 271.41: Plan on {partly_paid.number}: SGD 271.41" in asked
    assert CreditNote.objects.get().status == "draft"
    form = because()
    response = billing.post(address, form, follow=True)
    assert response.redirect_chain == [(url("credit_note", note.uuid), 303)]
    assert "Credit note CN-0000001 marked as Sent." in text_of(response)
    assert "Marked as Sent because Agreed with Ms Tan." in text_of(response)
    # The double click gets the first answer, another form hears what happened.
    assert billing.post(address, form).status_code == 303
    again = billing.post(address, because())
    assert again.status_code == 409
    assert "CN-0000001 was marked as Sent already." in text_of(again)
    assert not is_page(billing.post(address, because(), headers=HTMX))
    assert "CN-0000001 was marked as Sent already." in text_of(billing.get(address))
    assert CreditNote.objects.get().sending_reason == "Agreed with Ms Tan."


@pytest.mark.parametrize("name", ["send_credit_note", "void_credit_note"])
def test_a_step_without_its_reason_changes_nothing(billing, partly_paid, name):
    note = draft_of(billing, partly_paid)
    for reason, sentence in (("", "This is empty"), ("x" * 301, "at most 300"), ("a\nb", "one line")):
        response = billing.post(url(name, note.uuid), because(reason))
        assert (response.status_code, sentence in text_of(response)) == (422, True), reason
    assert CreditNote.objects.get().status == "draft"


def test_a_note_above_the_caps_is_not_sent(billing, partly_paid):
    first, second = draft_of(billing, partly_paid), draft_of(billing, partly_paid)
    billing.post(url("send_credit_note", first.uuid), because())
    response = billing.post(url("send_credit_note", second.uuid), because())
    assert response.status_code == 409
    assert "only SGD 0.00 is left" in text_of(response)


def test_a_note_is_voided_while_nothing_is_allocated(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    address = url("void_credit_note", note.uuid)
    assert "of SGD 271.41 will give nothing back any more" in text_of(billing.get(address))
    form = because("Written twice.")
    response = billing.post(address, form, follow=True)
    assert "Credit note CN-0000001 voided." in text_of(response)
    assert "Voided because Written twice." in text_of(response)
    assert billing.post(address, form).status_code == 303
    assert billing.post(address, because()).status_code == 409
    assert "CN-0000001 is void already." in text_of(billing.get(address))


def test_a_note_is_allocated_and_the_same_form_again_gets_the_same_answer(billing, partly_paid):
    note = draft_of(billing, partly_paid)
    billing.post(url("send_credit_note", note.uuid), because())
    address = url("allocate", note.uuid)
    form = billing.get(address)
    assert f"{partly_paid.number}: SGD 196.91 open, issued on 1 January 2026" in text_of(form)
    assert b'value="196.91"' in form.content
    data = {"request_id": uuid.uuid4(), "invoice": partly_paid.uuid, "amount": "196.91"}
    response = billing.post(address, data, follow=True)
    assert "SGD 196.91 of CN-0000001 allocated." in text_of(response)
    # By now the invoice is paid and not on the list any more.
    assert billing.post(address, data)["Location"] == url("credit_note", note.uuid)
    partly_paid.refresh_from_db()
    assert (partly_paid.paid, partly_paid.status) == (D("321.41"), "paid")
    assert sum(CreditNoteAllocation.objects.values_list("amount", flat=True)) == D("196.91")
    other = billing.post(address, data | {"request_id": uuid.uuid4(), "amount": "1"})
    assert other.status_code == 409
    assert "nothing open any more" in text_of(other)
    assert "No unpaid invoice" in text_of(billing.get(address))


def test_an_allocation_form_says_what_is_wrong(billing, partly_paid):
    note = factories.credit_note(partly_paid.organisation)
    foreign = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], paid=["0"])
    address = url("allocate", note.uuid)
    base = {"request_id": uuid.uuid4(), "invoice": partly_paid.uuid, "amount": "1"}
    for changed, status, sentence in (
        ({"invoice": "x"}, 422, "is not in the list"),
        ({"invoice": ""}, 422, "Nothing is chosen"),
        ({"invoice": uuid.uuid4()}, 422, "no such invoice"),
        ({"invoice": foreign.uuid}, 409, "is not an invoice of"),
        ({"amount": "50.01"}, 409, "more than what is left"),
        ({"amount": "0"}, 422, "“0” is too little; expected 0.01 or more"),
    ):
        response = billing.post(address, base | changed)
        assert response.status_code == status, changed
        assert sentence in text_of(response), changed
    assert not CreditNoteAllocation.objects.exists()
    assert "Nothing to allocate" in text_of(
        billing.get(url("allocate", factories.credit_note(partly_paid.organisation, status="void").uuid))
    )
