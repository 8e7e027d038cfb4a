"""Recording payments on the pages of the Invoice app, with htmx and without."""

from decimal import Decimal as D

import pytest

from customers.models import LedgerEntry
from invoicing.models import Payment
from tests.invoicing.pages import HTMX, payment_of, text_of, url
from tests.support import factories, pages

pytestmark = pytest.mark.django_db


def test_a_payment_is_recorded_and_said(billing, partly_paid):
    form = billing.get(url("record_payment", partly_paid.uuid))
    assert b'value="196.91"' in form.content
    assert "no-store" in form["Cache-Control"]
    data = payment_of(partly_paid, "100")
    response = billing.post(url("record_payment", partly_paid.uuid), data, follow=True)
    assert response.redirect_chain == [(url("invoice", partly_paid.uuid), 303)]
    assert f"SGD 100.00 paid on {partly_paid.number}." in text_of(response)
    again = billing.post(url("record_payment", partly_paid.uuid), data)
    assert again.status_code == 303
    payment = Payment.objects.get(method="bank_transfer")
    assert (payment.amount, payment.actor, payment.reference) == (100, billing.user.username, "FT 12")


def test_htmx_is_sent_on_after_a_write(billing, partly_paid):
    response = billing.post(url("record_payment", partly_paid.uuid), payment_of(partly_paid, "1"), headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (200, url("invoice", partly_paid.uuid))


def test_a_payment_says_which_charges_it_pays(billing, partly_paid):
    first, second = partly_paid.lines.all()
    address = url("record_payment", partly_paid.uuid)
    assert "Say which charges it pays" in text_of(billing.get(address))
    data = payment_of(partly_paid, "60")
    for parts, status, sentence in (
        ({f"charge_{second.pk}": "50.01"}, 409, "SGD 50.01 is more than what is open on this charge: SGD 50.00."),
        ({f"charge_{first.pk}": "60", f"charge_{second.pk}": "1"}, 422, "come to SGD 61.00"),
        ({f"charge_{second.pk}": "-1"}, 422, "“-1” is too little; expected 0 or more"),
    ):
        refused = billing.post(address, data | parts)
        assert (refused.status_code, sentence in text_of(refused)) == (status, True), parts
        assert b'<details class="mb-3" open>' in refused.content
    assert billing.post(address, data | {f"charge_{second.pk}": "50"}).status_code == 303
    assert [line.paid for line in partly_paid.lines.all()] == [D("134.50"), 50]


def test_one_open_charge_leaves_nothing_to_choose(billing):
    invoice = factories.invoice(
        factories.OrganisationFactory.create(), amounts=[("50", "0"), ("20", "0")], paid=["0", "20"]
    )
    assert "which charges" not in text_of(billing.get(url("record_payment", invoice.uuid)))


def test_what_is_received_above_asks_once(billing, partly_paid):
    address = url("record_payment", partly_paid.uuid)
    sent = payment_of(partly_paid, "200")
    question = billing.post(address, sent)
    assert question.status_code == 409
    assert "Shall the other SGD 3.09 go into Available Credits?" in text_of(question)
    assert "Yes, put SGD 3.09 into Available Credits" in text_of(question)
    assert b'value="196.91"' not in question.content, "what was typed is still there"
    form = pages.form(question, action="/payment/")
    assert billing.post(address, form.data()).status_code == 409, "not agreed yet"
    assert billing.post(address, form.data(into_credits="on", amount="201")).status_code == 409, "another sum"
    assert not LedgerEntry.objects.exists()
    done = billing.post(address, form.data(into_credits="on"), follow=True)
    said = f"SGD 200.00 paid on {partly_paid.number}. SGD 3.09 of it went into Available Credits."
    assert said in text_of(done)
    assert "SGD 200.00 SGD 3.09 into Available Credits" in text_of(done)
    assert LedgerEntry.objects.get().amount == D("3.09")


def test_a_paid_invoice_still_takes_what_comes_in(billing, partly_paid):
    address = url("record_payment", partly_paid.uuid)
    billing.post(address, payment_of(partly_paid, "196.91"))
    assert "This invoice has nothing open: what is received goes into Available Credits." in text_of(
        billing.get(address)
    )
    assert "Record payment" in text_of(billing.get(url("invoice", partly_paid.uuid)))
    question = billing.post(address, payment_of(partly_paid, "5"))
    assert "has nothing open. Shall SGD 5.00 go into Available Credits?" in text_of(question)


def test_a_second_payment_like_the_first_asks_once(billing, partly_paid):
    address = url("record_payment", partly_paid.uuid)
    assert billing.post(address, payment_of(partly_paid, "10")).status_code == 303
    question = billing.post(address, payment_of(partly_paid, "10"))
    assert question.status_code == 409
    assert "SGD 10.00 received on 1 March 2026 with the reference FT 12 was recorded on" in text_of(question)
    form = pages.form(question, action="/payment/")
    assert billing.post(address, form.data()).status_code == 409
    assert billing.post(address, form.data(is_another="on")).status_code == 303
    assert Payment.objects.filter(amount=10).count() == 2


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"amount": "196.92"}, 409, "more than what is open"),
        ({"amount": "0"}, 422, "“0” is too little; expected 0.01 or more."),
        ({"amount": "-1"}, 422, "“-1” is too little; expected 0.01 or more."),
        ({"amount": "1.001"}, 422, "expected at most 2, which is what SGD has"),
        ({"amount": "1e1"}, 422, "“1e1” is not an amount"),
        ({"amount": "1_0"}, 422, "“1_0” is not an amount"),
        ({"amount": "１２"}, 422, "“１２” is not an amount"),
        ({"amount": "1,23"}, 422, "“1,23” is not an amount"),
        ({"amount": "USD 1"}, 422, "names another currency; expected an amount in SGD"),
        ({"amount": "NaN"}, 422, "“NaN” is not an amount"),
        ({"amount": " \u200b "}, 422, "This is empty; expected an amount such as 1234.50."),
        ({"amount": ""}, 422, "This is empty; expected an amount such as 1234.50."),
        ({"method": "credits"}, 422, "is not in the list"),
        ({"method": "imported"}, 422, "is not in the list"),
        ({"received_on": "2999-01-01"}, 422, "future"),
        (
            {"received_on": "soon"},
            422,
            "“soon” is not a date; expected a date as year-month-day, such as 2026-03-07.",
        ),
        ({"reference": "a\nb"}, 422, "one line"),
        ({"reference": "x" * 101}, 422, "at most 100"),
        ({"request_id": "x"}, 422, "The page was not complete"),
    ],
)
def test_a_payment_form_says_what_is_wrong(billing, partly_paid, changed, status, sentence):
    response = billing.post(url("record_payment", partly_paid.uuid), payment_of(partly_paid, "1") | changed)
    assert response.status_code == status
    # On top, leading to the field, and at the field; a refusal stands on top alone.
    assert text_of(response).count(sentence) == (1 if status == 409 or "request_id" in changed else 2)
    assert not Payment.objects.filter(method="bank_transfer").exists()
