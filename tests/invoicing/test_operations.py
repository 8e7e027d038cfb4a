"""Payments, credit notes, allocations: exact rows, what did not change, and every refusal."""

import datetime as dt
import uuid
from decimal import Decimal as D

import pytest

from customers.models import LedgerEntry
from invoicing import operations
from invoicing.models import (
    ChargeLine,
    ChargeWaiver,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteHold,
    Invoice,
    NumberSeries,
    Payment,
    PaymentLine,
)
from portal.audit.models import AuditEntry
from portal.audit.operations import Actor
from tests.support import factories

pytestmark = pytest.mark.django_db

BY = Actor(kind="agent", name="billing-1")


@pytest.fixture
def unpaid():
    """Two charges, 271.41 and 50, nothing paid."""
    return factories.invoice(
        factories.OrganisationFactory(name="Ümlaut & Sons"),
        amounts=[("249.00", "22.41"), ("50", "0")],
        paid=["0", "0"],
    )


def pay(invoice, amount, now, **changed):
    wanted = {
        "invoice_uuid": invoice.uuid,
        "amount": D(amount),
        "method": "bank_transfer",
        "received_on": dt.date(2026, 3, 10),
        "reference": "FT 12",
        "by_charge": {},
        "into_credits": D(0),
        "is_another": False,
        "request_id": uuid.uuid4(),
        "by": BY,
        "at": now,
    }
    return operations.record_payment(**(wanted | changed))


def draft(invoice, now, parts=((0, "249", "22.41"),), **changed):
    lines = list(invoice.lines.all())
    named = [operations.NoteAmount(line_id=lines[index].pk, net=D(net), tax=D(tax)) for index, net, tax in parts]
    wanted = {
        "invoice_uuid": invoice.uuid,
        "amounts": named,
        "reason": "Line fault",
        "request_id": uuid.uuid4(),
        "by": BY,
        "at": now,
    }
    return operations.create_credit_note(**(wanted | changed))


def send(note, now):
    return operations.mark_as_sent(
        is_confirmed=False, note_uuid=note.uuid, reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now
    )


def void(note, now):
    return operations.void(note_uuid=note.uuid, reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now)


def allocate(note, invoice, amount, now, **changed):
    wanted = {
        "note_uuid": note.uuid,
        "invoice_uuid": invoice.uuid,
        "amount": D(amount),
        "request_id": uuid.uuid4(),
        "by": BY,
        "at": now,
    }
    return operations.allocate(**(wanted | changed))


def sums(invoice):
    return [
        (line.paid, line.noted, line.waived, line.refunded)
        for line in ChargeLine.objects.filter(invoice=invoice).order_by("pk")
    ]


def sentences():
    """What the audit says, oldest first; nothing of it was written outside an operation."""
    entries = AuditEntry.objects.exclude(event="Changed outside an operation").order_by("pk")
    return [(e.app, e.event, e.description, e.actor, e.organisation_name) for e in entries]


def nothing_written():
    return (
        sentences() == []
        and not Payment.objects.filter(method="bank_transfer").exists()
        and not CreditNoteAllocation.objects.exists()
    )


# ---- payments


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
    with pytest.raises(operations.RequestAlreadyUsed, match=r"already recorded SGD 100\.00"):
        pay(unpaid, "50", now, request_id=request_id)


@pytest.mark.parametrize(
    ("amount", "changed", "error", "sentence"),
    [
        ("321.42", {}, operations.ReceivedAboveOpen, r"open on TIN-\d+: SGD 321\.41\. Shall the other SGD 0\.01"),
        ("0", {}, operations.AmountNotUsable, "above 0"),
        ("-1", {}, operations.AmountNotUsable, "above 0"),
        ("NaN", {}, operations.AmountNotUsable, "above 0"),
        ("1.001", {}, operations.AmountNotUsable, "SGD 0.01 is the least"),
        ("1", {"method": "credits"}, operations.MethodNotUsable, "bank transfer, card or cheque"),
        ("1", {"received_on": dt.date(2026, 3, 11)}, operations.ReceivedInTheFuture, "future"),
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
        ({second.pk: D("50.01")}, operations.PartAboveCharge, r"SGD 50\.01 is more .* charge: SGD 50\.00"),
        ({other.pk: D(1)}, operations.PartAboveCharge, r"charge: SGD 0\.00"),
        ({first.pk: D(60), second.pk: D("40.01")}, operations.PartsAboveAmount, r"come to SGD 100\.01"),
        ({first.pk: D(-1)}, operations.AmountNotUsable, "above 0"),
    ):
        with pytest.raises(error, match=sentence):
            pay(unpaid, "100", now, by_charge=parts)
    assert nothing_written()


@pytest.mark.parametrize(("status", "word"), [("draft", "draft"), ("void", "void")])
def test_nothing_is_paid_on_a_draft_or_void_invoice(now, status, word):
    invoice = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], status=status)
    with pytest.raises(operations.InvoiceNotPayable, match=f"is {word}"):
        pay(invoice, "10", now)
    assert nothing_written()


def test_nothing_is_paid_on_a_paid_invoice(now):
    invoice = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")])
    with pytest.raises(operations.ReceivedAboveOpen, match=r"nothing open\. Shall SGD 10\.00 go"):
        pay(invoice, "10", now)
    assert nothing_written()


@pytest.mark.parametrize(("mode", "is_unbilled"), [("prepaid", False), ("postpaid", True)])
def test_what_is_received_above_the_open_amount_goes_into_available_credits(now, mode, is_unbilled):
    organisation = factories.OrganisationFactory(payment_mode=mode)
    invoice = factories.invoice(organisation, amounts=[("100", "0"), ("50", "0")], paid=["30", "0"])
    ChargeWaiver.objects.create(line=invoice.lines.first(), currency="SGD", amount=20, cause_id=uuid.uuid4())
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
    with pytest.raises(operations.ReceivedAboveOpen) as caught:
        pay(unpaid, "341.41", now, into_credits=D(agreed))
    assert caught.value.surplus == 20
    assert nothing_written()
    assert not LedgerEntry.objects.exists()
    with pytest.raises(operations.ReceivedAboveOpen, match="open on .* by now, so nothing") as caught:
        pay(unpaid, "300", now, into_credits=D(1))
    assert caught.value.surplus == 0


def test_a_surplus_that_no_account_can_hold_is_refused(now):
    organisation = factories.OrganisationFactory(account="9999999999999")
    invoice = factories.invoice(organisation, amounts=[("50", "0")], paid=["0"])
    with pytest.raises(operations.AboveTheAccount, match="larger than an account can hold"):
        pay(invoice, "51", now, into_credits=D(1))
    assert nothing_written()


def test_a_payment_like_an_earlier_one_is_asked_about(unpaid, now):
    pay(unpaid, "100", now)
    with pytest.raises(
        operations.PaymentLikeAnother,
        match=r"with the reference FT 12 was recorded on TIN-\d+ already, by billing-1",
    ):
        pay(unpaid, "100", now)
    assert Payment.objects.filter(method="bank_transfer").count() == 1
    for other in ({"reference": "FT 13"}, {"received_on": dt.date(2026, 3, 9)}, {"is_another": True}):
        pay(unpaid, "50", now, **({"reference": "FT 14"} | other))
    pay(unpaid, "1", now, reference="")
    with pytest.raises(operations.PaymentLikeAnother, match="with no reference"):
        pay(unpaid, "1", now, reference="")


def test_a_payment_that_was_taken_back_whole_is_not_asked_about(now):
    """One of 60: first a part is taken back, then the rest, a surplus included."""
    unpaid = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], paid=["0"])
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
    with pytest.raises(operations.PaymentLikeAnother):
        pay(unpaid, "60", now)
    take_back("30", surplus="10")
    again = pay(unpaid, "60", now, into_credits=D(10))
    with pytest.raises(operations.PaymentLikeAnother, match="already"):
        pay(unpaid, "60", now)
    assert set(Payment.objects.filter(amount=60)) == {first, again}


def test_received_today_is_the_day_of_the_organisation(now):
    there = factories.OrganisationFactory(timezone="Pacific/Kiritimati")
    invoice = factories.invoice(there, amounts=[("50", "0")], paid=["0"])
    assert pay(invoice, "10", now.replace(hour=12), received_on=dt.date(2026, 3, 11)).amount == 10


# ---- credit notes


def test_a_draft_draws_its_number_and_counts_for_nothing_yet(unpaid, now):
    note = draft(unpaid, now, [(0, "100", "9"), (1, "10", "0")])
    assert (note.number, note.sequence_number, note.series.document) == ("CN-0000001", 1, "credit_note")
    note.refresh_from_db()
    assert (note.status, note.net, note.tax, note.total) == ("draft", 110, 9, 119)
    assert (note.invoice, note.organisation, note.reason, note.issued_on, note.sent_at) == (
        unpaid,
        unpaid.organisation,
        "Line fault",
        None,
        None,
    )
    first, second = unpaid.lines.all()
    assert list(note.lines.values_list("line", "net", "tax", "description")) == [
        (first.pk, 100, 9, "Plan"),
        (second.pk, 10, 0, "Plan"),
    ]
    assert sums(unpaid) == [(0, 0, 0, 0), (0, 0, 0, 0)]
    assert sentences()[0][1:3] == (
        "Credit note created",
        f"Credit note CN-0000001 of SGD 119.00 drafted against {unpaid.number}.",
    )


def test_the_same_form_sent_twice_is_one_note(unpaid, now):
    request_id = uuid.uuid4()
    first = draft(unpaid, now, request_id=request_id)
    assert draft(unpaid, now, request_id=request_id) == first
    assert CreditNote.objects.count() == 1
    assert NumberSeries.objects.get(document="credit_note").last_number == 1
    with pytest.raises(operations.RequestAlreadyUsed, match="already created CN-0000001"):
        draft(unpaid, now, [(1, "1", "0")], request_id=request_id)


@pytest.mark.parametrize(
    ("amounts", "error", "sentence"),
    [
        ([(0, "249.01", "0")], operations.AboveTheCharge, r"SGD 249\.01 net is more .* SGD 249\.00"),
        ([(0, "0", "22.42")], operations.AboveTheCharge, r"SGD 22\.42 tax is more .* SGD 22\.41"),
        ([(0, "0", "0")], operations.NothingNamed, "at least one charge"),
        ([(0, "-1", "0")], operations.AmountNotUsable, "above 0"),
        ([(0, "0.001", "0")], operations.AmountNotUsable, "decimals"),
        ([(0, "1", "0"), (0, "1", "0")], operations.NothingNamed, "each charge once"),
    ],
)
def test_a_note_that_cannot_be_is_refused_and_draws_no_number(unpaid, now, amounts, error, sentence):
    with pytest.raises(error, match=sentence):
        draft(unpaid, now, amounts)
    assert not CreditNote.objects.exists()
    assert NumberSeries.objects.get(document="credit_note").last_number == 0


def test_a_note_names_only_charges_of_its_invoice(unpaid, now):
    other = factories.invoice(unpaid.organisation, amounts=[("50", "0")])
    foreign = [operations.NoteAmount(line_id=other.lines.get().pk, net=D(1), tax=D(0))]
    with pytest.raises(operations.NothingNamed, match="no such charge"):
        draft(unpaid, now, amounts=foreign)


@pytest.mark.parametrize("status", ["draft", "void"])
def test_no_note_against_an_invoice_that_charges_nothing(now, status):
    invoice = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], status=status)
    with pytest.raises(operations.InvoiceNotCreditable, match=f"is {status}"):
        draft(invoice, now, [(0, "10", "0")])


def test_a_note_leaves_what_was_given_back_before(unpaid, now):
    send(draft(unpaid, now, [(0, "200", "20")]), now)
    with pytest.raises(operations.AboveTheCharge, match=r"SGD 50\.00 net is more .* SGD 49\.00"):
        draft(unpaid, now, [(0, "50", "0")])
    assert draft(unpaid, now, [(0, "49", "2.41")]).number == "CN-0000002"


def test_a_sent_note_counts_against_its_charges(unpaid, now):
    note = send(draft(unpaid, now), now)
    note.refresh_from_db()
    assert (note.status, note.sent_at, note.issued_on) == ("sent", now, dt.date(2026, 3, 10))
    assert sums(unpaid) == [(0, D("271.41"), 0, 0), (0, 0, 0, 0)]
    unpaid.refresh_from_db()
    assert (unpaid.paid, unpaid.status) == (0, "awaiting_payment")
    assert sentences()[-1][1:3] == (
        "Credit note sent",
        "Credit note CN-0000001 of SGD 271.41 marked as Sent: Agreed.",
    )


def test_sending_checks_the_caps_again(unpaid, now):
    one, two = draft(unpaid, now), draft(unpaid, now, [(0, "10", "0")])
    send(one, now)
    with pytest.raises(operations.AboveTheCharge, match=r"SGD 10\.00 of “Plan” .* only SGD 0\.00 is left"):
        send(two, now)
    two.refresh_from_db()
    assert (two.status, two.sent_at, two.issued_on) == ("draft", None, None)
    assert sums(unpaid)[0] == (0, D("271.41"), 0, 0)


def test_the_database_has_the_last_word_on_the_caps(unpaid, now, monkeypatch):
    one, two = draft(unpaid, now), draft(unpaid, now)
    send(one, now)
    monkeypatch.setattr("invoicing.operations.credit_notes._check_caps", lambda note: None)
    with pytest.raises(operations.AboveTheCharge, match="more than its charges leave"):
        send(two, now)
    two.refresh_from_db()
    assert two.status == "draft"


def test_only_a_draft_is_sent(unpaid, now):
    note = send(draft(unpaid, now), now)
    with pytest.raises(operations.NoteNotSendable, match="marked as Sent already"):
        send(note, now)
    gone = void(draft(unpaid, now, [(1, "1", "0")]), now)
    with pytest.raises(operations.NoteNotSendable, match="is void"):
        send(gone, now)


def test_a_voided_note_gives_nothing_back_any_more(unpaid, now):
    note = send(draft(unpaid, now), now)
    void(note, now)
    note.refresh_from_db()
    assert (note.status, note.number) == ("void", "CN-0000001")
    assert sums(unpaid)[0] == (0, 0, 0, 0)
    assert sentences()[-1][1:3] == ("Credit note voided", "Credit note CN-0000001 voided: Agreed.")
    with pytest.raises(operations.NoteNotVoidable, match="void already"):
        void(note, now)
    assert draft(unpaid, now).number == "CN-0000002"


def test_an_allocated_note_is_not_voided(unpaid, now):
    note = send(draft(unpaid, now), now)
    allocate(note, unpaid, "1", now)
    with pytest.raises(operations.NoteNotVoidable, match=r"SGD 1\.00 of CN-0000001 is allocated"):
        void(note, now)


@pytest.mark.parametrize(("settles", "why"), [(True, "is the refund"), (False, "taken off the refund")])
def test_a_held_note_is_not_voided(unpaid, now, settles, why):
    note = send(draft(unpaid, now), now)
    kind = "settles" if settles else "taken_off"
    CreditNoteHold.objects.create(credit_note=note, kind=kind, cause_id=uuid.uuid4())
    with pytest.raises(operations.NoteNotVoidable, match=why):
        void(note, now)
    note.refresh_from_db()
    assert note.status == "sent"


def test_an_unknown_document_is_not_found(now):
    with pytest.raises(CreditNote.DoesNotExist):
        operations.mark_as_sent(
            is_confirmed=False, note_uuid=uuid.uuid4(), reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now
        )
    with pytest.raises(CreditNote.DoesNotExist):
        operations.void(note_uuid=uuid.uuid4(), reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now)


# ---- allocations


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
    organisation = factories.OrganisationFactory(currency="INR", timezone="Asia/Kolkata")
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
    with pytest.raises(operations.RequestAlreadyUsed):
        allocate(note, unpaid, "1", now, request_id=request_id)


def test_what_a_note_cannot_pay(unpaid, now):
    note = send(draft(unpaid, now, [(0, "100", "0")]), now)
    other = factories.invoice(factories.OrganisationFactory(), amounts=[("50", "0")], paid=["0"])
    small = factories.invoice(unpaid.organisation, amounts=[("50", "0")], paid=["0"])
    paid = factories.invoice(unpaid.organisation, amounts=[("50", "0")])
    for invoice, amount, error, sentence in (
        (unpaid, "100.01", operations.AmountAboveNote, r"left of CN-0000001: SGD 100\.00"),
        (small, "50.01", operations.AmountAboveOpen, r"SGD 50\.00"),
        (paid, "1", operations.InvoiceNotPayable, "nothing open"),
        (other, "1", operations.NotTheSameCustomer, "not an invoice of"),
        (unpaid, "0", operations.AmountNotUsable, "above 0"),
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
    with pytest.raises(operations.NoteNotAllocatable, match=why):
        allocate(note, unpaid, "1", now)


@pytest.mark.django_db(transaction=True)
def test_no_operation_writes_past_the_audit(unpaid, now):
    before = AuditEntry.objects.filter(event="Changed outside an operation").count()
    note = send(draft(unpaid, now), now)
    allocate(note, unpaid, "1", now)
    pay(unpaid, "1", now)
    void(draft(unpaid, now, [(1, "1", "0")]), now)
    assert AuditEntry.objects.filter(event="Changed outside an operation").count() == before
    assert Invoice.objects.get(pk=unpaid.pk).paid == 2
