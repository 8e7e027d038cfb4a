"""To charge: what is written, for whom, what is refused, and what one number of many is."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.db import connection

from customers.models import CreditAccount, LedgerEntry
from invoicing import operations, refusals
from invoicing.models import ChargeLine, Invoice, NumberSeries, Payment, PaymentLine
from invoicing.operations import numbers
from portal import frame
from portal.audit import operations as audit_operations
from tests.support import factories, races, refused

pytestmark = pytest.mark.django_db
BY = frame.Actor("agent", "agent-1")
TODAY = dt.date(2026, 3, 10)
LINES = (
    operations.Line("plan", "SIP Trunk", D("50.00"), D("4.50")),
    operations.Line("add_on", "Recording", D("5.00"), D("0.45")),
)


def charge(organisation, at, *lines, on=TODAY):
    with frame.operation("test_charge"):
        made = operations.to_charge(lines, to=organisation, reason="Renewal", on=on, by=BY, at=at)
        audit_operations.record("subscription.resubscribed", sentence="Tested.", by=BY, at=at)
    return made


def written():
    counts = (Invoice, ChargeLine, Payment, PaymentLine, LedgerEntry)
    return [model.objects.count() for model in counts], NumberSeries.objects.get(document="invoice").last_number


def test_a_charge_is_a_document_its_lines_an_entry_and_a_payment(now):
    organisation = factories.OrganisationFactory.create(account="100.123456")
    made = charge(organisation, now, *LINES)
    invoice = Invoice.objects.get()
    assert (made.uuid, made.number, made.amount) == (invoice.uuid, invoice.number, D("59.95"))
    assert (invoice.number, invoice.sequence_number) == ("IN-0000001", 1)
    assert invoice.series == NumberSeries.objects.get(document="invoice")
    assert (invoice.kind, invoice.status, invoice.issued_on, invoice.created_at) == ("tax", "paid", TODAY, now)
    assert (invoice.charged, invoice.paid, invoice.waived, invoice.currency) == (D("59.95"), D("59.95"), 0, "SGD")
    lines = list(invoice.lines.order_by("pk"))
    assert [line.pk for line in lines] == list(made.line_ids)
    assert [(line.kind, line.description, line.net, line.tax, line.paid) for line in lines] == [
        ("plan", "SIP Trunk", 50, D("4.50"), D("54.50")),
        ("add_on", "Recording", 5, D("0.45"), D("5.45")),
    ]
    payment = Payment.objects.get()
    assert (payment.invoice, payment.amount, payment.method) == (invoice, D("59.95"), "credits")
    assert (payment.received_on, payment.actor, payment.surplus) == (TODAY, "agent-1", 0)
    assert list(payment.lines.order_by("line").values_list("line", "amount")) == [
        (lines[0].pk, D("54.50")),
        (lines[1].pk, D("5.45")),
    ]
    entry = LedgerEntry.objects.get(kind="charge")
    assert (entry.amount, entry.before, entry.after) == (D("-59.95"), D("100.123456"), D("40.173456"))
    assert (entry.cause_id, entry.is_unbilled, entry.on, entry.at) == (invoice.uuid, False, TODAY, now)
    assert (entry.description, entry.actor) == ("Renewal, IN-0000001", "agent-1")
    account = CreditAccount.objects.get(organisation=organisation)
    assert (account.balance, account.last_seq) == (D("40.173456"), entry.seq)


def test_postpaid_gets_a_proforma_and_an_unbilled_entry_within_its_credit_limit(now):
    organisation = factories.OrganisationFactory.create(payment_mode="postpaid")
    CreditAccount.objects.filter(organisation=organisation).update(credit_limit=D("59.95"))
    charge(organisation, now, *LINES)
    assert Invoice.objects.get().kind == "proforma"
    assert LedgerEntry.objects.get().is_unbilled
    assert CreditAccount.objects.get(organisation=organisation).balance == D("-59.95")


@pytest.mark.parametrize(
    ("balance", "limit", "reserved", "available"),
    [
        ("59.94", 0, 0, "SGD 59.94"),
        ("12.40", 0, 0, "SGD 12.40"),
        ("59.949999", 0, 0, "SGD 59.949999"),
        ("50", "10", "0.06", "SGD 59.94"),
        ("0", 0, 0, "SGD 0.00"),
    ],
)
def test_what_credits_do_not_cover_is_refused_and_nothing_is_written(now, balance, limit, reserved, available):
    organisation = factories.OrganisationFactory.create(account=balance)
    CreditAccount.objects.filter(organisation=organisation).update(credit_limit=limit, reserved=reserved)
    before = written()
    with pytest.raises(refusals.InsufficientCredits) as refusal:
        charge(organisation, now, *LINES)
    assert str(refusal.value) == f"SGD 59.95 is needed, {available} is available."
    assert (refusal.value.status, written()) == (409, before)


def test_just_enough_is_enough(now):
    organisation = factories.OrganisationFactory.create(account="50")
    CreditAccount.objects.filter(organisation=organisation).update(credit_limit="10", reserved="0.05")
    assert charge(organisation, now, *LINES).amount == D("59.95")


def test_nothing_to_charge_is_no_document(now):
    organisation = factories.OrganisationFactory.create()
    before = written()
    assert charge(organisation, now) is None
    assert written() == before


def test_a_document_is_charged_once(now):
    organisation = factories.OrganisationFactory.create(account="200")
    charge(organisation, now, *LINES)
    charge(organisation, now, *LINES)
    first, second = LedgerEntry.objects.filter(kind="charge").order_by("seq")
    assert first.cause_id != second.cause_id
    account = CreditAccount.objects.get(organisation=organisation)
    assert account.last_seq
    with refused.by("a_cause_is_charged_once"):
        LedgerEntry.objects.create(
            account=account,
            seq=account.last_seq + 1,
            currency="SGD",
            before=account.balance,
            amount=-1,
            after=account.balance - 1,
            kind="charge",
            cause_id=second.cause_id,
            at=now,
            on=TODAY,
            description="Again",
            actor="test",
            previous_sha256=account.head,
        )


def test_a_block_of_numbers_passes_over_those_that_are_taken(now):
    organisation = factories.OrganisationFactory.create()
    for number in ("IN-0000002", "IN-0000003", "IN-0000006"):
        Invoice.objects.create(number=number, organisation=organisation, currency="SGD", created_at=now)
    with frame.operation("test_numbers"):
        series, places = numbers.draw_numbers(NumberSeries.Document.INVOICE, count=3)
        assert (places, series.last_number) == ([1, 4, 5], 5)
        assert numbers.draw_numbers(NumberSeries.Document.INVOICE, count=1)[1] == [7]
        assert numbers.draw_numbers(NumberSeries.Document.INVOICE, count=0)[1] == []
        audit_operations.record("subscription.resubscribed", sentence="Tested.", by=BY, at=now)
    assert NumberSeries.objects.get(document="invoice").last_number == 7


@pytest.mark.django_db(transaction=True)
def test_two_charges_at_once_spend_what_is_there_once(now):
    organisation = factories.OrganisationFactory.create(account="100")
    answers = races.at_once(*[lambda: charge(organisation, now, *LINES)] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["Charged"] + ["InsufficientCredits"] * 3
    assert Invoice.objects.count() == Payment.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
