"""Payments: exact rows, what did not change, and every refusal; no operation writes past the audit."""

import datetime as dt
import uuid
from decimal import Decimal as D

import pytest

from customers import refusals as customers_refusals
from customers.models import LedgerEntry
from invoicing import operations, refusals
from invoicing.models import ChargeWaiver, Invoice, Payment, PaymentLine
from portal import frame
from portal.audit.models import AuditEntry
from tests.invoicing.booking import BY, allocate, draft, nothing_written, pay, send, sentences, sums, void
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_a_payment_fills_the_charges_in_order(unpaid, now):
    payment = pay(unpaid, "300", now)
    first, second = unpaid.lines.all()
    assert list(PaymentLine.objects.order_by("pk").values_list("payment", "line", "amount")) == [
        (payment.pk, first.pk, D("271.41")),
        (payment.pk, second.pk, D("28.59")),
    ]
    assert (payment.amount, payment.currency, payment.actor, payment.created_at) == (300, "SGD", "billing-1", now)
    unpaid.refresh_from_db()
    assert (unpaid.paid, unpaid.waived, unpaid.status) == (300, 0, "awaiting_payment")
    assert sentences() == [
        (
            "Invoices",
            "Payment recorded",
            f"SGD 300.00 paid on {unpaid.number} (bank transfer, FT 12), received on 10 March 2026.",
            "billing-1",
            "Ümlaut & Sons",
        )
    ]


def test_the_last_payment_makes_the_invoice_paid(unpaid, now):
    pay(unpaid, "300", now)
    pay(unpaid, "21.41", now)
    unpaid.refresh_from_db()
    assert (unpaid.paid, unpaid.status) == (D("321.41"), "paid")


def test_the_same_form_sent_twice_is_one_payment(unpaid, now):
    request_id = uuid.uuid4()
    first = pay(unpaid, "100", now, request_id=request_id)
    assert pay(unpaid, "100", now, request_id=request_id) == first
    assert Payment.objects.count() == 1
    assert len(sentences()) == 1
    with pytest.raises(frame.KeyReused):
        pay(unpaid, "50", now, request_id=request_id)


@pytest.mark.parametrize(
    ("amount", "changed", "error", "sentence"),
    [
        ("321.42", {}, refusals.ReceivedAboveOpen, r"open on TIN-\d+: SGD 321\.41\. Shall the other SGD 0\.01"),
        ("0", {}, customers_refusals.AmountNotUsable, "too little"),
        ("-1", {}, customers_refusals.AmountNotUsable, "too little"),
        ("NaN", {}, customers_refusals.AmountNotUsable, "too little"),
        ("1.001", {}, customers_refusals.AmountNotUsable, "SGD 0.01 is the least"),
        ("1", {"method": "credits"}, refusals.MethodNotUsable, "bank transfer, card or cheque"),
        ("1", {"received_on": dt.date(2026, 3, 11)}, refusals.ReceivedInTheFuture, "future"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(unpaid, now, amount, changed, error, sentence):
    with pytest.raises(error, match=sentence):
        pay(unpaid, amount, now, **changed)
    assert nothing_written()


def test_a_payment_goes_where_billing_says_and_its_rest_in_order(unpaid, now):
    first, second = unpaid.lines.all()
    pay(unpaid, "40", now, by_charge={second.pk: D(30)})
    assert [line[0] for line in sums(unpaid)] == [10, 30]
    pay(unpaid, "281.41", now, by_charge={second.pk: D(20), first.pk: D("261.41")})
    assert [line[0] for line in sums(unpaid)] == [D("271.41"), 50]


def test_a_part_is_never_more_than_the_charge_or_the_payment(unpaid, now):
    first, second = unpaid.lines.all()
    other = factories.invoice(unpaid.organisation, amounts=[("50", "0")], paid=["0"]).lines.get()
    for parts, error, sentence in (
        ({second.pk: D("50.01")}, refusals.PartAboveCharge, r"SGD 50\.01 is more .* charge: SGD 50\.00"),
        ({other.pk: D(1)}, refusals.PartAboveCharge, r"charge: SGD 0\.00"),
        ({first.pk: D(60), second.pk: D("40.01")}, refusals.PartsAboveAmount, r"come to SGD 100\.01"),
        ({first.pk: D(-1)}, customers_refusals.AmountNotUsable, "too little"),
    ):
        with pytest.raises(error, match=sentence):
            pay(unpaid, "100", now, by_charge=parts)
    assert nothing_written()


@pytest.mark.parametrize(("status", "word"), [("draft", "draft"), ("void", "void")])
def test_nothing_is_paid_on_a_draft_or_void_invoice(now, status, word):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], status=status)
    with pytest.raises(refusals.InvoiceNotPayable, match=f"is {word}"):
        pay(invoice, "10", now)
    assert nothing_written()


def test_nothing_is_paid_on_a_paid_invoice(now):
    invoice = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")])
    with pytest.raises(refusals.ReceivedAboveOpen, match=r"nothing open\. Shall SGD 10\.00 go"):
        pay(invoice, "10", now)
    assert nothing_written()


@pytest.mark.parametrize(("mode", "is_unbilled"), [("prepaid", False), ("postpaid", True)])
def test_what_is_received_above_the_open_amount_goes_into_available_credits(now, mode, is_unbilled):
    organisation = factories.OrganisationFactory.create(payment_mode=mode)
    invoice = factories.invoice(organisation, amounts=[("100", "0"), ("50", "0")], paid=["30", "0"])
    ChargeWaiver.objects.create(line=invoice.lines.earliest("pk"), currency="SGD", amount=20, cause_id=uuid.uuid4())
    payment = pay(invoice, "120", now, into_credits=D(20))
    assert (payment.amount, payment.surplus) == (120, 20)
    assert [line.paid + line.waived for line in invoice.lines.all()] == [100, 50]
    assert sum(row.amount for row in payment.lines.all()) == 100
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount, entry.after, entry.cause_id) == ("top_up", 20, 20, payment.uuid)
    assert (entry.is_unbilled, entry.actor, entry.at) == (is_unbilled, "billing-1", now)
    assert entry.description == f"Received above what was open on {invoice.number}, FT 12"
    assert sentences()[-1][2].endswith("received on 10 March 2026; SGD 20.00 of it went into Available Credits.")
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    whole = pay(invoice, "7", now, into_credits=D(7))
    assert (whole.surplus, whole.lines.count(), LedgerEntry.objects.count()) == (7, 0, 2)


@pytest.mark.parametrize("agreed", ["0", "19.99", "20.01", "30"])
def test_only_what_billing_agreed_to_goes_into_available_credits(unpaid, now, agreed):
    with pytest.raises(refusals.ReceivedAboveOpen) as caught:
        pay(unpaid, "341.41", now, into_credits=D(agreed))
    assert caught.value.surplus == 20
    assert nothing_written()
    assert not LedgerEntry.objects.exists()
    with pytest.raises(refusals.ReceivedAboveOpen, match="open on .* by now, so nothing") as caught:
        pay(unpaid, "300", now, into_credits=D(1))
    assert caught.value.surplus == 0


def test_a_surplus_that_no_account_can_hold_is_refused(now):
    organisation = factories.OrganisationFactory.create(account="9999999999999")
    invoice = factories.invoice(organisation, amounts=[("50", "0")], paid=["0"])
    with pytest.raises(refusals.SurplusAboveAccount, match="larger than an account can hold"):
        pay(invoice, "51", now, into_credits=D(1))
    assert nothing_written()


def test_a_payment_like_an_earlier_one_is_asked_about(unpaid, now):
    pay(unpaid, "100", now)
    with pytest.raises(
        refusals.PaymentLikeAnother,
        match=r"with the reference FT 12 was recorded on TIN-\d+ already, by billing-1",
    ):
        pay(unpaid, "100", now)
    assert Payment.objects.filter(method="bank_transfer").count() == 1
    for other in ({"reference": "FT 13"}, {"received_on": dt.date(2026, 3, 9)}, {"is_another": True}):
        pay(unpaid, "50", now, **({"reference": "FT 14"} | other))
    pay(unpaid, "1", now, reference="")
    with pytest.raises(refusals.PaymentLikeAnother, match="with no reference"):
        pay(unpaid, "1", now, reference="")


def test_a_payment_that_was_taken_back_whole_is_not_asked_about(now):
    """One of 60: first a part is taken back, then the rest, a surplus included."""
    unpaid = factories.invoice(factories.OrganisationFactory.create(), amounts=[("50", "0")], paid=["0"])
    first = pay(unpaid, "60", now, into_credits=D(10))
    row = first.lines.get()

    def take_back(amount, surplus="0"):
        operations.take_back_payment(
            payment_uuid=first.uuid,
            parts={row.pk: D(amount)},
            surplus=D(surplus),
            reason="Bounced",
            request_id=uuid.uuid4(),
            by=BY,
            at=now,
        )

    take_back("20")
    with pytest.raises(refusals.PaymentLikeAnother):
        pay(unpaid, "60", now)
    take_back("30", surplus="10")
    again = pay(unpaid, "60", now, into_credits=D(10))
    with pytest.raises(refusals.PaymentLikeAnother, match="already"):
        pay(unpaid, "60", now)
    assert set(Payment.objects.filter(amount=60)) == {first, again}


def test_received_today_is_the_day_of_the_organisation(now):
    there = factories.OrganisationFactory.create(timezone="Pacific/Kiritimati")
    invoice = factories.invoice(there, amounts=[("50", "0")], paid=["0"])
    assert pay(invoice, "10", now.replace(hour=12), received_on=dt.date(2026, 3, 11)).amount == 10


@pytest.mark.django_db(transaction=True)
def test_no_operation_writes_past_the_audit(unpaid, now):
    before = AuditEntry.objects.filter(event="Changed outside an operation").count()
    note = send(draft(unpaid, now), now)
    allocate(note, unpaid, "1", now)
    pay(unpaid, "1", now)
    void(draft(unpaid, now, [(1, "1", "0")]), now)
    assert AuditEntry.objects.filter(event="Changed outside an operation").count() == before
    assert Invoice.objects.get(pk=unpaid.pk).paid == 2
