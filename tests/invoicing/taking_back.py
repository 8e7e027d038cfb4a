"""Payments, notes and what is taken back of them, with what a test does not ask for filled in."""

import datetime as dt
import uuid
from decimal import Decimal as D

from invoicing import operations
from invoicing.models import ChargeLine
from portal import verification
from portal.frame import Actor

BY = Actor(kind="agent", name="billing-1")


def pay(invoice, amount, now, *, into_credits="0"):
    return operations.record_payment(
        invoice_uuid=invoice.uuid,
        amount=D(amount),
        method="card",
        received_on=dt.date(2026, 3, 9),
        reference="",
        by_charge={},
        into_credits=D(into_credits),
        is_another=True,
        request_id=uuid.uuid4(),
        by=BY,
        at=now,
    )


def take_back(payment, now, *, parts=None, surplus="0", **changed):
    rows = payment.lines.order_by("pk")
    wanted = {
        "payment_uuid": payment.uuid,
        "parts": {row.pk: row.amount for row in rows} if parts is None else parts,
        "surplus": D(surplus),
        "reason": "It was another customer's.",
        "request_id": uuid.uuid4(),
        "by": BY,
        "at": now,
    }
    return operations.take_back_payment(**(wanted | changed))


def take_back_of(note, now, *, applied=None, put_in=None, **changed):
    wanted = {
        "note_uuid": note.uuid,
        "applied": applied or {},
        "put_in": put_in or {},
        "reason": "It was for the other invoice.",
        "request_id": uuid.uuid4(),
        "by": BY,
        "at": now,
    }
    return operations.take_back_of_note(**(wanted | changed))


def allocate(note, invoice, amount, now):
    return operations.allocate(
        note_uuid=note.uuid, invoice_uuid=invoice.uuid, amount=D(amount), request_id=uuid.uuid4(), by=BY, at=now
    )


def put_in(note, now, **changed):
    wanted = {"note_uuid": note.uuid, "request_id": uuid.uuid4(), "by": BY, "at": now}
    return operations.put_into_credits(**(wanted | changed))


def paid_on(invoice):
    return [line.paid for line in ChargeLine.objects.filter(invoice=invoice).order_by("pk")]


def all_agrees(now):
    return list(verification.faults(at=now)) == []
