"""What billing staff do: payments, notes, and taking both back."""

from __future__ import annotations

import uuid
from decimal import Decimal

from customers.models import LedgerEntry
from invoicing import operations as invoicing_operations
from invoicing import refusals as invoicing_refusals
from invoicing.models import (
    CreditNote,
    CreditNoteAllocation,
    CreditNotePutIn,
    CreditNotePutInLine,
    Payment,
    PaymentLine,
    TakeBack,
)
from portal.frame import Actor, KeyReused
from tests.interleaving.operation import Operation
from tests.interleaving.world import NOW, World


def send(name: str, note: CreditNote) -> Operation:
    return Operation(
        name,
        lambda by, form: (
            invoicing_operations.mark_as_sent(
                note_uuid=note.uuid, reason="Agreed.", is_confirmed=False, request_id=form, by=by, at=NOW
            ).status
        ),
        (
            invoicing_refusals.NoteNotSendable,
            invoicing_refusals.NoteAboveCharge,
            invoicing_refusals.SendingAsks,
        ),
        lambda by, form: CreditNote.objects.filter(pk=note.pk, sent_at=NOW, issued_on=NOW.date()).exists(),
    )


def allocate(name: str, world: World, note: CreditNote) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        return str(
            invoicing_operations.allocate(
                note_uuid=note.uuid,
                invoice_uuid=world.unpaid.uuid,
                amount=Decimal(10),
                request_id=form,
                by=by,
                at=NOW,
            ).status
        )

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        rows = CreditNoteAllocation.objects.filter(request_id=form, credit_note=note)
        return sum(row.amount for row in rows) == 10 <= CreditNote.objects.get(pk=note.pk).allocated

    refusals = (
        invoicing_refusals.NoteNotAllocatable,
        invoicing_refusals.AmountAboveNote,
        invoicing_refusals.AmountAboveOpen,
        invoicing_refusals.InvoiceNotPayable,
        KeyReused,
    )
    return Operation(name, call, refusals, is_whole)


def void(name: str, note: CreditNote) -> Operation:
    return Operation(
        name,
        lambda by, form: (
            invoicing_operations.void(note_uuid=note.uuid, reason="Agreed.", request_id=form, by=by, at=NOW).status
        ),
        (invoicing_refusals.NoteNotVoidable,),
        lambda by, form: CreditNote.objects.filter(pk=note.pk, status="void", holds=0, allocated=0).exists(),
    )


def pay(name: str, world: World, *, amount: int, into_credits: int) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        return str(
            invoicing_operations.record_payment(
                invoice_uuid=world.unpaid.uuid,
                amount=Decimal(amount),
                method="card",
                received_on=NOW.date(),
                reference="",
                by_charge={},
                into_credits=Decimal(into_credits),
                is_another=True,
                request_id=form,
                by=by,
                at=NOW,
            ).amount
        )

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        payment = Payment.objects.get(request_id=form)
        parts = sum(row.amount for row in PaymentLine.objects.filter(payment=payment))
        entries = LedgerEntry.objects.filter(kind="top_up", cause_id=payment.uuid)
        return parts == amount - into_credits and sum(entry.amount for entry in entries) == into_credits

    refusals = (
        invoicing_refusals.ReceivedAboveOpen,
        invoicing_refusals.InvoiceNotPayable,
        KeyReused,
    )
    return Operation(name, call, refusals, is_whole)


def draft(world: World) -> Operation:
    line_id = world.paid.lines.get().pk

    def call(by: Actor, form: uuid.UUID) -> str:
        note = invoicing_operations.create_credit_note(
            invoice_uuid=world.paid.uuid,
            amounts=[invoicing_operations.NoteAmount(line_id=line_id, net=Decimal(12), tax=Decimal(0))],
            reason="",
            request_id=form,
            by=by,
            at=NOW,
        )
        return note.number

    return Operation(
        "draft a note",
        call,
        (invoicing_refusals.AboveTheCharge, KeyReused),
        lambda by, form: CreditNote.objects.get(request_id=form).lines.get().net == 12,
    )


def take_back_payment(world: World) -> Operation:
    part = PaymentLine.objects.get(line__invoice=world.unpaid, line__cycle_charge__cycle__subscription=world.main)
    # Read here: a row that is looked up in the first order alone would make the next ones differ.
    payment_uuid = part.payment.uuid

    def call(by: Actor, form: uuid.UUID) -> str:
        made = invoicing_operations.take_back_payment(
            payment_uuid=payment_uuid,
            parts={part.pk: Decimal(12)},
            surplus=Decimal(0),
            reason="Bounced.",
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{made.amount:f}"

    return Operation("take back a payment", call, TAKING_BACK, lambda by, form: _is_taken_back(form, Decimal(12)))


def take_back_application(world: World) -> Operation:
    allocation = CreditNoteAllocation.objects.get(credit_note=world.applied)

    def call(by: Actor, form: uuid.UUID) -> str:
        made = invoicing_operations.take_back_of_note(
            note_uuid=world.applied.uuid,
            applied={allocation.pk: Decimal(4)},
            put_in={},
            reason="Wrong invoice.",
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{made.amount:f}"

    return Operation(
        "take back an application", call, TAKING_BACK, lambda by, form: _is_taken_back(form, Decimal(4))
    )


def take_back_put_in(world: World) -> Operation:
    line = CreditNotePutInLine.objects.get(put_in__credit_note=world.spent)

    def call(by: Actor, form: uuid.UUID) -> str:
        made = invoicing_operations.take_back_of_note(
            note_uuid=world.spent.uuid,
            applied={},
            put_in={line.pk: Decimal(4)},
            reason="Promised to nobody.",
            request_id=form,
            by=by,
            at=NOW,
        )
        return f"{made.amount:f}"

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        made = TakeBack.objects.get(request_id=form)
        entries = LedgerEntry.objects.filter(kind="credit_note", cause_id=made.uuid)
        return _is_taken_back(form, Decimal(4)) and [entry.amount for entry in entries] == [Decimal(-4)]

    return Operation("take back a put-in", call, TAKING_BACK, is_whole)


TAKING_BACK = (
    invoicing_refusals.AboveWhatIsThere,
    invoicing_refusals.CameBackAlready,
    KeyReused,
)


def _is_taken_back(form: uuid.UUID, amount: Decimal) -> bool:
    return sum(line.amount for line in TakeBack.objects.get(request_id=form).lines.all()) == amount


def put_in(world: World) -> Operation:
    def call(by: Actor, form: uuid.UUID) -> str:
        used = invoicing_operations.put_into_credits(note_uuid=world.naming.uuid, request_id=form, by=by, at=NOW)
        return f"{used.put_in:f}"

    return Operation(
        "put a note into Available Credits",
        call,
        (invoicing_refusals.NoteNotAllocatable, KeyReused),
        lambda by, form: CreditNotePutIn.objects.get(request_id=form).entry.amount == 10,
    )
