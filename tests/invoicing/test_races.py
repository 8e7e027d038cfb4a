"""Two real transactions at once: whoever comes second sees what the first has written."""

import threading
import uuid
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection, transaction

from customers.models import LedgerEntry
from invoicing import operations, refusals
from invoicing.models import ChargeLine, CreditNote, CreditNoteAllocation, NumberSeries, Payment
from portal import frame
from tests.invoicing import booking
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)

BY = frame.Actor(kind="agent", name="billing-1")


def at_once(*calls):
    """Run the calls in threads that start together; give what each returned or raised."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index, call):
        try:
            barrier.wait(10)
            results[index] = call()
        except (frame.Refused, AssertionError) as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def refused_of(results):
    return [result for result in results if isinstance(result, frame.Refused)]


@pytest.fixture
def unpaid():
    return factories.invoice(factories.OrganisationFactory.create(), amounts=[("100", "0")], paid=["0"])


def note_of(invoice, net, status="sent"):
    return factories.credit_note(invoice.organisation, net=net, status=status, line=invoice.lines.get())


def test_payments_written_at_once_past_the_portal_are_both_summed(unpaid, now):
    line = unpaid.lines.get()

    def paid(amount):
        # Both are written before either is committed: who comes second waits in the trigger.
        with transaction.atomic():
            factories.pay(line, amount)

    at_once(*(lambda part=part: paid(part) for part in ("10", "20", "30")))
    line.refresh_from_db()
    unpaid.refresh_from_db()
    assert (line.paid, unpaid.paid) == (60, 60)


def test_two_notes_that_together_pass_the_cap_are_not_both_sent(unpaid, now):
    notes = [note_of(unpaid, "60", status="draft") for _ in range(2)]
    results = at_once(
        *(
            lambda n=note: operations.mark_as_sent(
                is_confirmed=False, note_uuid=n.uuid, reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now
            )
            for note in notes
        )
    )
    (refused,) = refused_of(results)
    assert isinstance(refused, refusals.NoteAboveCharge)
    assert "where only SGD 40.00 is left" in str(refused)
    assert ChargeLine.objects.get().noted == 60
    assert sorted(CreditNote.objects.values_list("status", flat=True)) == ["draft", "sent"]


def test_a_note_is_not_allocated_twice_at_once(unpaid, now):
    note = note_of(unpaid, "50")
    other = factories.invoice(unpaid.organisation, amounts=[("100", "0")], paid=["0"])
    results = at_once(
        *(
            lambda i=invoice: operations.allocate(
                note_uuid=note.uuid, invoice_uuid=i.uuid, amount=D(40), request_id=uuid.uuid4(), by=BY, at=now
            )
            for invoice in (unpaid, other)
        )
    )
    (refused,) = refused_of(results)
    assert isinstance(refused, refusals.AmountAboveNote)
    assert CreditNoteAllocation.objects.count() == 1
    note.refresh_from_db()
    assert (note.allocated, note.status) == (40, "partly_applied")


def test_the_same_allocation_sent_twice_at_once_is_one(unpaid, now):
    note = note_of(unpaid, "50")
    request_id = uuid.uuid4()
    results = at_once(
        *[
            lambda: operations.allocate(
                note_uuid=note.uuid,
                invoice_uuid=unpaid.uuid,
                amount=D(50),
                request_id=request_id,
                by=BY,
                at=now,
            )
        ]
        * 2
    )
    assert [result.status for result in results] == ["applied", "applied"]
    assert CreditNoteAllocation.objects.count() == 1


def test_two_payments_at_once_never_pay_more_than_is_open(unpaid, now):
    results = at_once(*[lambda: booking.pay(unpaid, 60, now, is_another=True)] * 2)
    (refused,) = refused_of(results)
    assert isinstance(refused, refusals.ReceivedAboveOpen)
    assert Payment.objects.count() == 1


def test_a_note_is_sent_or_voided_not_both(unpaid, now):
    note = note_of(unpaid, "60", status="draft")
    results = at_once(
        lambda: operations.mark_as_sent(
            is_confirmed=False, note_uuid=note.uuid, reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now
        ),
        lambda: operations.void(note_uuid=note.uuid, reason="Agreed.", request_id=uuid.uuid4(), by=BY, at=now),
    )
    note.refresh_from_db()
    # Sent and then voided is a lawful order; voided and then sent is refused. Either way nothing counts.
    assert len(refused_of(results)) in (0, 1)
    assert note.status == "void"
    assert ChargeLine.objects.get().noted == 0


def test_notes_drafted_at_once_leave_no_gap_and_share_no_number(unpaid, now):
    invoices = [unpaid, *(factories.invoice(unpaid.organisation, amounts=[("9", "0")]) for _ in range(3))]
    results = at_once(
        *(
            lambda i=invoice: operations.create_credit_note(
                invoice_uuid=i.uuid,
                amounts=[operations.NoteAmount(line_id=i.lines.get().pk, net=D(1), tax=D(0))],
                reason="",
                request_id=uuid.uuid4(),
                by=BY,
                at=now,
            )
            for invoice in invoices
        )
    )
    assert sorted(note.number for note in results) == [f"CN-000000{n}" for n in range(1, 5)]
    assert NumberSeries.objects.get(document="credit_note").last_number == 4


def test_two_like_payments_at_once_are_one_and_a_question(unpaid, now):
    results = at_once(
        *[
            lambda: operations.record_payment(
                invoice_uuid=unpaid.uuid,
                amount=D(40),
                method="card",
                received_on=now.date(),
                reference="FT 12",
                by_charge={},
                into_credits=D(0),
                is_another=False,
                request_id=uuid.uuid4(),
                by=BY,
                at=now,
            )
        ]
        * 2
    )
    (refused,) = refused_of(results)
    assert isinstance(refused, refusals.PaymentLikeAnother)
    assert Payment.objects.count() == 1


def test_the_same_payment_sent_twice_at_once_tops_up_once(unpaid, now):
    request_id = uuid.uuid4()
    results = at_once(
        *[
            lambda: operations.record_payment(
                invoice_uuid=unpaid.uuid,
                amount=D(130),
                method="card",
                received_on=now.date(),
                reference="FT 12",
                by_charge={},
                into_credits=D(30),
                is_another=False,
                request_id=request_id,
                by=BY,
                at=now,
            )
        ]
        * 2
    )
    assert results[0] == results[1]
    assert (Payment.objects.get().surplus, LedgerEntry.objects.get().amount) == (30, 30)


def test_a_payment_is_taken_back_once_at_once(unpaid, now):
    factories.pay(unpaid.lines.get(), 100)
    payment = Payment.objects.get()
    part = payment.lines.get()

    def take_back(amount, request_id):
        return operations.take_back_payment(
            payment_uuid=payment.uuid,
            parts={part.pk: D(amount)},
            surplus=D(0),
            reason="Bounced",
            request_id=request_id,
            by=BY,
            at=now,
        )

    same = uuid.uuid4()
    first, again = at_once(*[lambda: take_back(60, same)] * 2)
    assert first == again
    results = at_once(*(lambda: take_back(30, uuid.uuid4()) for _ in range(2)))
    (refused,) = refused_of(results)
    assert isinstance(refused, refusals.AboveWhatIsThere)
    assert ChargeLine.objects.get().paid == 10


def test_a_note_that_is_allocated_and_taken_back_at_once_adds_up(unpaid, now):
    note = note_of(unpaid, "50")
    common = {"by": BY, "at": now}
    operations.allocate(
        note_uuid=note.uuid, invoice_uuid=unpaid.uuid, amount=D(30), request_id=uuid.uuid4(), **common
    )
    row = CreditNoteAllocation.objects.get()
    at_once(
        lambda: operations.allocate(
            note_uuid=note.uuid, invoice_uuid=unpaid.uuid, amount=D(20), request_id=uuid.uuid4(), **common
        ),
        lambda: operations.take_back_of_note(
            note_uuid=note.uuid,
            applied={row.pk: D(30)},
            put_in={},
            reason="Wrong",
            request_id=uuid.uuid4(),
            **common,
        ),
    )
    note.refresh_from_db()
    assert (note.allocated, note.status, ChargeLine.objects.get().paid) == (20, "partly_applied", 20)


def test_a_note_is_put_in_or_allocated_at_once_never_beyond_itself(unpaid, now):
    note = factories.credit_note(unpaid.organisation, net="50")
    results = at_once(
        *[
            lambda: operations.put_into_credits(note_uuid=note.uuid, request_id=uuid.uuid4(), by=BY, at=now),
            lambda: operations.put_into_credits(note_uuid=note.uuid, request_id=uuid.uuid4(), by=BY, at=now),
            lambda: operations.allocate(
                note_uuid=note.uuid, invoice_uuid=unpaid.uuid, amount=D(50), request_id=uuid.uuid4(), by=BY, at=now
            ),
        ]
    )
    assert len(refused_of(results)) == 2, results
    note.refresh_from_db()
    assert (note.allocated, note.status) == (50, "applied")
    entries = sum(LedgerEntry.objects.values_list("amount", flat=True))
    assert entries + ChargeLine.objects.get().paid == 50
