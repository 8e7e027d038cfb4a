"""Taking back payments and applications, and putting notes into Available Credits: rows and refusals."""

import uuid
from decimal import Decimal as D

import pytest
from django.db import transaction

from customers import refusals as customers_refusals
from customers.models import LedgerEntry
from invoicing import operations, refusals
from invoicing.models import (
    ChargeRefund,
    CreditNoteAllocation,
    CreditNoteHold,
    CreditNotePutInLine,
    Payment,
    PaymentLine,
    TakeBack,
    TakeBackLine,
)
from portal import frame
from portal.audit.models import AuditEntry
from tests.invoicing.taking_back import BY, all_agrees, allocate, paid_on, pay, put_in, take_back, take_back_of
from tests.support import factories, refused

pytestmark = pytest.mark.django_db


# ---- payments


def test_a_payment_is_taken_back_whole(unpaid_150, now):
    payment = pay(unpaid_150, "150", now)
    made = take_back(payment, now)
    assert (made.amount, made.surplus, made.entry, made.actor, made.created_at) == (150, 0, None, "billing-1", now)
    assert list(made.lines.order_by("pk").values_list("payment_line__line__net", "amount")) == [
        (100, 100),
        (50, 50),
    ]
    assert paid_on(unpaid_150) == [0, 0]
    unpaid_150.refresh_from_db()
    assert (unpaid_150.paid, unpaid_150.status) == (0, "awaiting_payment")
    assert [row.taken_back for row in payment.lines.order_by("pk")] == [100, 50]
    entry = AuditEntry.objects.get(event="Payment taken back")
    assert entry.description == (
        f"SGD 150.00 of the payment of SGD 150.00 on {unpaid_150.number} taken back: It was another customer's."
    )
    assert LedgerEntry.objects.count() == 1, "only what came in by Available Credits goes back there"
    assert all_agrees(now)
    # It can be paid again.
    assert pay(unpaid_150, "150", now).amount == 150


def test_a_payment_is_taken_back_by_charge_and_in_parts(unpaid_150, now):
    payment = pay(unpaid_150, "120", now)
    first, second = payment.lines.order_by("pk")
    take_back(payment, now, parts={second.pk: D(20)})
    take_back(payment, now, parts={first.pk: D("0.01")})
    assert paid_on(unpaid_150) == [D("99.99"), 0]
    with pytest.raises(refusals.AboveWhatIsThere, match=r"SGD 100\.00 is more than .*: SGD 99\.99"):
        take_back(payment, now, parts={first.pk: D(100)})
    with pytest.raises(refusals.AboveWhatIsThere, match=r"SGD 0\.00"):
        take_back(payment, now, parts={second.pk: D("0.01")})
    assert all_agrees(now)


def test_what_a_take_back_cannot_be(unpaid_150, now):
    payment, other = pay(unpaid_150, "100", now), pay(unpaid_150, "10", now)
    row, strange = payment.lines.get(), other.lines.get()
    for parts, error in (
        ({}, refusals.NothingTakenBack),
        ({strange.pk: D(1)}, refusals.NoSuchPart),
        ({row.pk: D(0)}, customers_refusals.AmountNotUsable),
        ({row.pk: D("1.001")}, customers_refusals.AmountNotUsable),
    ):
        with pytest.raises(error):
            take_back(payment, now, parts=parts)
    with pytest.raises(refusals.AboveWhatIsThere):
        take_back(payment, now, parts={}, surplus="1")
    assert not TakeBack.objects.exists()


def test_the_same_form_takes_back_once(unpaid_150, now):
    payment = pay(unpaid_150, "100", now)
    request_id = uuid.uuid4()
    first = take_back(payment, now, request_id=request_id)
    assert take_back(payment, now, request_id=request_id) == first
    assert paid_on(unpaid_150) == [0, 0]
    with pytest.raises(frame.KeyReused):
        take_back(payment, now, parts={payment.lines.get().pk: D(1)}, request_id=request_id)


def test_what_a_refund_gave_back_is_never_taken_away(unpaid_150, now):
    payment = pay(unpaid_150, "150", now)
    line = unpaid_150.lines.first()
    ChargeRefund.objects.create(line=line, currency="SGD", net=60, tax=0, cause_id=uuid.uuid4())
    row = payment.lines.order_by("pk").first()
    with pytest.raises(
        refusals.CameBackAlready,
        match=r"SGD 60\.00 of what was paid for “Plan” on .* at most SGD 40\.00 .* mended by a correction",
    ):
        take_back(payment, now, parts={row.pk: D("40.01")})
    take_back(payment, now, parts={row.pk: D(40)})
    assert paid_on(unpaid_150) == [60, 50]
    # Whatever the operation thinks, the database holds the cap.
    made = TakeBack.objects.get()
    with (
        refused.by("refunded_and_put_in_stay_within_what_was_paid"),
        transaction.atomic(),
    ):
        _again(made, payment_line=row, amount=1)


def _again(made, **part):
    """Take more back in a row of its own, past the operation."""
    more = TakeBack.objects.create(
        payment=made.payment,
        currency=made.currency,
        amount=part["amount"],
        reason="x",
        request_id=uuid.uuid4(),
        created_at=made.created_at,
        actor="x",
    )
    TakeBackLine.objects.create(take_back=more, currency=made.currency, **part)


def test_a_surplus_leaves_available_credits_again(unpaid_150, now):
    payment = pay(unpaid_150, "170", now, into_credits="20")
    made = take_back(payment, now, surplus="20")
    entry = made.entry
    assert (made.amount, made.surplus, made.moved) == (170, 20, -20)
    assert (entry.kind, entry.amount, entry.after, entry.cause_id) == ("top_up", -20, 10, made.uuid)
    payment.refresh_from_db()
    assert payment.surplus_taken_back == 20
    assert all_agrees(now)


def test_a_surplus_that_was_spent_stays(unpaid_150, now):
    payment = pay(unpaid_150, "170", now, into_credits="20")
    account = unpaid_150.organisation.credit_account
    account.__class__.objects.filter(pk=account.pk).update(reserved=D("10.01"))
    with pytest.raises(
        refusals.CreditsDoNotCover, match=r"SGD 20\.00 is needed in Available Credits, SGD 19\.99 is available"
    ):
        take_back(payment, now, surplus="20")
    assert paid_on(unpaid_150) == [100, 50], "nothing of it was written"
    take_back(payment, now)
    assert paid_on(unpaid_150) == [0, 0]


@pytest.mark.parametrize(("mode", "is_unbilled"), [("prepaid", False), ("postpaid", True)])
def test_a_payment_by_available_credits_goes_back_there(now, mode, is_unbilled):
    organisation = factories.OrganisationFactory.create(payment_mode=mode, account="50")
    line = operations.Line("plan", "SIP Trunk", net=D(50), tax=D(0))
    with frame.operation("charge"):
        operations.to_charge([line], to=organisation, reason="Renewal", on=now.date(), by=BY, at=now)
    made = take_back(Payment.objects.get(), now, parts={PaymentLine.objects.get().pk: D(30)})
    entry = LedgerEntry.objects.latest("seq")
    assert (entry.kind, entry.amount, entry.cause_id, entry.is_unbilled) == ("charge", 30, made.uuid, is_unbilled)
    assert all_agrees(now)


# ---- applications of notes


def test_an_application_is_taken_back_by_charge_and_holds_stay(unpaid_150, now):
    note = factories.credit_note(unpaid_150.organisation, net="150")
    CreditNoteHold.objects.create(credit_note=note, kind="settles", cause_id=uuid.uuid4())
    allocate(note, unpaid_150, "150", now)
    first, second = CreditNoteAllocation.objects.order_by("pk")
    take_back_of(note, now, applied={second.pk: D(50)})
    note.refresh_from_db()
    assert (note.allocated, note.status, note.holds) == (100, "partly_applied", 1)
    take_back_of(note, now, applied={first.pk: D(100)})
    note.refresh_from_db()
    assert (note.allocated, note.status, note.holds) == (0, "sent", 1)
    assert paid_on(unpaid_150) == [0, 0]
    assert AuditEntry.objects.filter(event="Credit note taken back").count() == 2
    # It pays again, and can be taken back again.
    allocate(note, unpaid_150, "150", now)
    assert paid_on(unpaid_150) == [100, 50]
    with pytest.raises(refusals.AboveWhatIsThere):
        take_back_of(note, now, applied={first.pk: D("0.01")})


def test_a_voided_application_sets_the_note_free(unpaid_150, now):
    note = factories.credit_note(unpaid_150.organisation, net="50")
    allocate(note, unpaid_150, "50", now)
    take_back_of(note, now, applied={CreditNoteAllocation.objects.get().pk: D(50)})
    gone = operations.void(note_uuid=note.uuid, reason="Twice", request_id=uuid.uuid4(), by=BY, at=now)
    assert gone.status == "void"


# ---- putting in


def test_a_note_pays_what_is_open_and_puts_in_the_rest(unpaid_150, now):
    pay(unpaid_150, "100", now)
    note = factories.credit_note(unpaid_150.organisation, net="80")
    # It names no charge, so all of it is free.
    request_id = uuid.uuid4()
    used = put_in(note, now, request_id=request_id)
    assert (used.applied, used.put_in) == ((), 80)
    assert put_in(note, now, request_id=request_id) == used
    entry = LedgerEntry.objects.get(kind="credit_note")
    assert (entry.amount, entry.after) == (80, 90)
    note.refresh_from_db()
    assert (note.status, note.allocated) == ("applied", 80)
    with pytest.raises(refusals.NoteNotAllocatable, match="is used up"):
        put_in(note, now)
    assert all_agrees(now)


def test_a_naming_note_puts_in_what_was_paid_for_its_charge(unpaid_150, now):
    pay(unpaid_150, "130", now)
    second = unpaid_150.lines.last()
    note = factories.credit_note(unpaid_150.organisation, net="50", line=second)
    used = put_in(note, now)
    assert [(number, part) for _, number, part in used.applied] == [(unpaid_150.number, 20)]
    assert used.put_in == 30
    second.refresh_from_db()
    assert (second.paid, second.put_in) == (50, 30)
    sentence = AuditEntry.objects.get(event="Credit note put into Available Credits").description
    paid = f"SGD 20.00 paid on {unpaid_150.number}"
    assert sentence == f"Credit note {note.number}: {paid}, SGD 30.00 put into Available Credits."
    # What was put in is taken back, and can be put in again.
    row = CreditNotePutInLine.objects.get()
    made = take_back_of(note, now, put_in={row.pk: D(30)})
    assert (made.entry.kind, made.entry.amount, made.entry.after) == ("credit_note", -30, 10)
    second.refresh_from_db()
    note.refresh_from_db()
    assert (second.put_in, note.allocated, note.status) == (0, 20, "partly_applied")
    assert put_in(note, now).put_in == 30
    assert all_agrees(now)


def test_what_was_put_in_and_spent_is_not_taken_back(unpaid_150, now):
    note = factories.credit_note(unpaid_150.organisation, net="80")
    put_in(note, now)
    account = unpaid_150.organisation.credit_account
    account.__class__.objects.filter(pk=account.pk).update(reserved=D(11))
    row = CreditNotePutInLine.objects.get()
    with pytest.raises(refusals.CreditsDoNotCover):
        take_back_of(note, now, put_in={row.pk: D(80)})
    assert take_back_of(note, now, put_in={row.pk: D(79)}).moved == -79


def test_a_payment_that_carries_what_was_put_in_stays(unpaid_150, now):
    payment = pay(unpaid_150, "150", now)
    note = factories.credit_note(unpaid_150.organisation, net="50", line=unpaid_150.lines.last())
    put_in(note, now)
    with pytest.raises(refusals.CameBackAlready):
        take_back(payment, now)


@pytest.mark.parametrize("status", ["draft", "void", "applied"])
def test_only_a_sent_note_is_put_in(unpaid_150, now, status):
    note = factories.credit_note(unpaid_150.organisation, status=status)
    with pytest.raises(refusals.NoteNotAllocatable):
        put_in(note, now)
    assert LedgerEntry.objects.count() == 1
