"""Each form that writes, as it was filled in, and what else might stand in it."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal as D
from typing import Any

from invoicing import operations, refusals
from invoicing.models import CreditNoteAllocation, CreditNotePutIn
from portal import frame
from tests.support import factories

WEI, SOMEBODY_ELSE = (frame.Actor("agent", name) for name in ("wei", "somebody else"))


@dataclass
class Form:
    """One that was filled in. *Shape*: `others` are other contents, `later` is what stops it without its key."""

    write: Callable[..., Any]
    content: dict[str, Any]
    others: tuple[dict[str, Any], ...]
    later: type[frame.Refused] = frame.KeyReused

    def send(self, by: frame.Actor = WEI, **others: Any) -> Any:
        return self.write(**(self.content | others), by=by)


def invoice(paid: str = "0"):
    organisation = factories.OrganisationFactory.create()
    return factories.invoice(organisation, amounts=[("50", "0"), ("50", "0")], paid=[paid, paid])


def a_note(status: str = "sent"):
    made = invoice(paid="50")
    return factories.credit_note(made.organisation, net="20", status=status, line=made.lines.first())


def paying(now):
    paid, other = invoice(), invoice()
    first, second = (line.pk for line in paid.lines.order_by("pk"))
    content = {
        "invoice_uuid": paid.uuid,
        "amount": D(40),
        "method": "card",
        "received_on": dt.date(2026, 3, 1),
        "reference": "BANK-1",
        "by_charge": {first: D(5)},
        "into_credits": D(0),
        "is_another": True,
    }
    others: tuple[dict[str, Any], ...] = (
        {"reference": "BANK-2"},
        {"method": "cheque"},
        {"received_on": dt.date(2026, 3, 2)},
        {"amount": D(39)},
        {"by_charge": {second: D(5)}},
        {"by_charge": {}},
        {"invoice_uuid": other.uuid, "by_charge": {}},
    )
    return Form(operations.record_payment, content, others)


def drafting(now):
    credited, other = invoice(), invoice()
    first, second = (
        [operations.NoteAmount(line_id=line.pk, net=D(20), tax=D(0))] for line in credited.lines.order_by("pk")
    )
    of_other = [operations.NoteAmount(line_id=other.lines.first().pk, net=D(20), tax=D(0))]
    content = {"invoice_uuid": credited.uuid, "amounts": first, "reason": "Outage"}
    others: tuple[dict[str, Any], ...] = (
        {"amounts": second},
        {"reason": "Fault"},
        {"invoice_uuid": other.uuid, "amounts": of_other},
    )
    return Form(operations.create_credit_note, content, others)


def sending(now):
    content = {"note_uuid": a_note("draft").uuid, "reason": "Agreed.", "is_confirmed": False}
    others: tuple[dict[str, Any], ...] = ({"reason": "Asked for."}, {"note_uuid": a_note("draft").uuid})
    return Form(operations.mark_as_sent, content, others, later=refusals.NoteNotSendable)


def voiding(now):
    content = {"note_uuid": a_note().uuid, "reason": "Agreed."}
    others: tuple[dict[str, Any], ...] = ({"reason": "Asked for."}, {"note_uuid": a_note().uuid})
    return Form(operations.void, content, others, later=refusals.NoteNotVoidable)


def allocating(now):
    # What is left would go to the second charge.
    paid = invoice()
    other = factories.invoice(paid.organisation, amounts=[("50", "0")], paid=["0"])
    note = factories.credit_note(paid.organisation, net="100")
    content = {"note_uuid": note.uuid, "invoice_uuid": paid.uuid, "amount": D(50)}
    return Form(operations.allocate, content, ({"amount": D(49)}, {"invoice_uuid": other.uuid}))


def putting_in(now):
    content = {"note_uuid": a_note().uuid}
    others: tuple[dict[str, Any], ...] = ({"note_uuid": a_note().uuid},)
    return Form(operations.put_into_credits, content, others, later=refusals.NoteNotAllocatable)


def taking_back_a_payment(now):
    form = paying(now)
    paid = form.send(amount=D(120), by_charge={}, into_credits=D(20), request_id=uuid.uuid4(), at=now)
    first, second = (row.pk for row in paid.lines.order_by("pk"))
    content = {"payment_uuid": paid.uuid, "parts": {first: D(10)}, "surplus": D(5), "reason": "Bounced"}
    others: tuple[dict[str, Any], ...] = (
        {"parts": {second: D(10)}},
        {"parts": {}},
        {"surplus": D(4)},
        {"reason": "Wrong customer"},
    )
    return Form(operations.take_back_payment, content, others)


def taking_back_of_a_note(now):
    form = allocating(now)
    note = form.send(request_id=uuid.uuid4(), at=now)
    operations.put_into_credits(note_uuid=note.uuid, request_id=uuid.uuid4(), by=WEI, at=now)
    paid = CreditNoteAllocation.objects.filter(credit_note=note).earliest("pk")
    put_in = CreditNotePutIn.objects.get(credit_note=note).lines.get()
    content = {"note_uuid": note.uuid, "applied": {paid.pk: D(5)}, "put_in": {put_in.pk: D(5)}, "reason": "Wrong"}
    others: tuple[dict[str, Any], ...] = ({"applied": {paid.pk: D(4)}}, {"put_in": {}}, {"reason": "Wrong invoice"})
    return Form(operations.take_back_of_note, content, others)


FORMS = [
    paying,
    drafting,
    sending,
    voiding,
    allocating,
    putting_in,
    taking_back_a_payment,
    taking_back_of_a_note,
]


def filled_in(make: Callable[..., Form], now: dt.datetime) -> Form:
    form = make(now)
    form.content |= {"request_id": uuid.uuid4(), "at": now}
    return form
