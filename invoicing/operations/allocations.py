"""Allocate credit notes to unpaid invoices."""

import uuid
from datetime import datetime
from decimal import Decimal

from customers import refusals as customers_refusals
from invoicing import policies, refusals, selectors, writer
from invoicing.models import CreditNote, CreditNoteAllocation, CreditNoteLine, Invoice
from invoicing.operations import documents, payments
from portal import frame


def allocate(
    *,
    note_uuid: uuid.UUID,
    invoice_uuid: uuid.UUID,
    amount: Decimal,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> CreditNote:
    """Pay an unpaid invoice with (a part of) a note: the charges it names first, then the others in their order.

    A note that a termination links or took off is still the customer's: it is allocated like any other.
    The same request sent twice allocates once.

    *Units*: `amount` gross, in the currency of both.
    *Raises*: Invoice.DoesNotExist, CreditNote.DoesNotExist; Refused, as one of NoteNotAllocatable,
    NotTheSameCustomer, AmountNotUsable, AmountAboveNote, AmountAboveOpen, InvoiceNotPayable,
    KeyReused.
    """
    content = {"note": note_uuid, "invoice": invoice_uuid, "amount": amount}
    key = frame.Key(request_id, content, by=by, at=at, outcome=note_uuid)
    with documents.form_writes_once(), frame.operation("allocate_credit_note", key=key) as earlier:
        if earlier:
            return CreditNote.objects.get(uuid=earlier)
        invoice = documents.locked_invoice(invoice_uuid)
        note = documents.locked_note(note_uuid)
        # The constraint looks at one charge: what is left of the note might go to the next one.
        if CreditNoteAllocation.objects.filter(request_id=request_id).exists():
            raise frame.KeyReused
        _check(note, invoice=invoice, amount=amount)
        parts = policies.spread(amount, over=payments.payables(invoice, amount=amount, named=_named_by(note)))
        writer.ALLOCATIONS.add(
            CreditNoteAllocation(
                credit_note=note,
                line_id=line_id,
                currency=note.currency,
                amount=part,
                created_at=at,
                actor=by.name,
                request_id=request_id,
            )
            for line_id, part in parts
        )
        documents.record(
            "credit_note.allocated",
            sentence=f"{documents.display(amount, of=note)} of credit note {note.number}"
            f" allocated to {invoice.number}.",
            of=note,
            data={
                "amount": amount,
                "invoice": invoice.uuid,
                "invoice_number": invoice.number,
            },
            by=by,
            at=at,
        )
        # Allocated sum and status were moved by the database.
        note.refresh_from_db(fields=["allocated", "status"])
        return note


def _check(note: CreditNote, *, invoice: Invoice, amount: Decimal) -> None:
    if why_not := selectors.why_not_allocatable(note):
        raise why_not
    if note.organisation_id != invoice.organisation_id or note.currency != invoice.currency:
        raise refusals.NotTheSameCustomer(
            number=invoice.number, organisation_name=note.organisation.name, currency=note.currency
        )
    customers_refusals.check_amount(amount, currency=note.currency)
    left = note.net + note.tax - note.allocated
    if amount > left:
        raise refusals.AmountAboveNote(number=note.number, amount=amount, left=left, currency=note.currency)


def _named_by(note: CreditNote) -> frozenset[int]:
    lines = CreditNoteLine.objects.filter(credit_note=note, line__isnull=False).values_list("line_id", flat=True)
    return frozenset(line_id for line_id in lines if line_id is not None)
