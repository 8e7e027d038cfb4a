"""Payments, notes and allocations as billing staff book them, with what a test does not ask for filled in."""

import datetime as dt
import uuid
from decimal import Decimal as D

from invoicing import operations
from invoicing.models import ChargeLine, CreditNoteAllocation, Payment
from portal.audit.models import AuditEntry
from portal.frame import Actor

BY = Actor(kind="agent", name="billing-1")


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
