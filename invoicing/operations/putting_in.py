"""Put a note that was sent into Available Credits, after what is open on its charges. Source: domain.md 3."""

import uuid
from datetime import datetime

from customers import operations as customers_operations
from invoicing import refusals, selectors, settled_charges
from invoicing.models import (
    CreditNoteHold,
    CreditNoteLine,
    CreditNoteStand,
)
from invoicing.operations import documents, giveback, note_use
from portal import frame
from portal.lib import days


def put_into_credits(
    *, note_uuid: uuid.UUID, request_id: uuid.UUID, by: frame.Actor, at: datetime
) -> selectors.NoteUse:
    """Use all that is unused of a note, as “Use the note now” does at a termination.

    It pays what is open on the charges it names, on those it stands for, then on the others of the subscription
    that it settled; the rest goes into Available Credits. The same request sent twice uses it once.

    *Raises*: CreditNote.DoesNotExist; Refused, as one of NoteNotAllocatable, NoteJustSettled, NothingToPutIn,
    BalanceOutOfRange, KeyReused.
    """
    key = frame.Key(request_id, {"note": note_uuid}, by=by, at=at, outcome=request_id)
    with documents.form_writes_once(), frame.operation("put_note_into_credits", key=key) as earlier:
        if earlier:
            return selectors.note_use(earlier)
        touched, others = _charges(note_uuid)
        giveback.lock_invoices(touched)
        note = documents.locked_note(note_uuid)
        if _charges(note_uuid) != (touched, others):
            # A termination has just linked it: what the note stands for now lies on invoices that nobody locked.
            raise refusals.NoteJustSettled(number=note.number)
        if why_not := selectors.why_not_allocatable(note):
            raise why_not
        account = customers_operations.lock_account(organisation_id=note.organisation_id)
        used = note_use.use_note(
            note=note,
            others=others,
            account=account,
            request_id=request_id,
            on=days.today_in(note.organisation.timezone, at=at),
            by=by,
            at=at,
        )
        paid = [f"{documents.display(part, of=note)} paid on {number}" for _, number, part in used.applied]
        put = [f"{documents.display(used.put_in, of=note)} put into Available Credits"] if used.put_in else []
        if not paid and not put:
            raise refusals.NothingToPutIn(number=note.number)
        documents.record(
            "credit_note.put_in",
            sentence=f"Credit note {note.number}: {', '.join(paid + put)}.",
            of=note,
            data={
                "put_in": used.put_in,
                "applied": [{"invoice_number": number, "amount": part} for _, number, part in used.applied],
            },
            by=by,
            at=at,
        )
        return used


def _charges(note_uuid: uuid.UUID) -> tuple[list[int], list[int]]:
    """Find all charges that a note may touch, and those among them that it neither names nor stands for."""
    named = CreditNoteLine.objects.filter(credit_note__uuid=note_uuid, line__isnull=False)
    stood = CreditNoteStand.objects.filter(credit_note__uuid=note_uuid)
    own = [*named.values_list("line__pk", flat=True), *stood.values_list("line__pk", flat=True)]
    settled = CreditNoteHold.objects.filter(credit_note__uuid=note_uuid, kind=CreditNoteHold.Kind.SETTLES).first()
    others = settled_charges.of_cause(settled.cause_id) if settled else []
    return [*own, *others], others
