"""What can still be done with charges and notes: asked by the screens, and by operations under lock."""

from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from invoicing import note_questions, policies, refusals
from invoicing.models import (
    ChargeLine,
    ChargeRefund,
    CreditNote,
    CreditNoteHold,
    CreditNoteLine,
    CreditNoteStand,
)
from portal import frame


def why_not_allocatable(note: CreditNote) -> refusals.NoteNotAllocatable | None:
    """Give the refusal to pay with a note; None where it can be allocated."""
    if note.status in (CreditNote.Status.SENT, CreditNote.Status.PARTLY_APPLIED):
        return None
    return refusals.NoteNotAllocatable(number=note.number, status_of_note=note.status)


def why_not_sendable(note: CreditNote) -> refusals.NoteNotSendable | None:
    """Give the refusal to mark a note as Sent; None where it can be marked."""
    if note.status == CreditNote.Status.DRAFT:
        return None
    return refusals.NoteNotSendable(number=note.number, status_of_note=note.status)


def questions_before_sending(note_uuid: UUID) -> tuple[frame.Refused, ...]:
    """Give what the apps above ask before a draft is marked as Sent."""
    lines = CreditNoteLine.objects.filter(credit_note__uuid=note_uuid, line__isnull=False)
    amounts = {line_id: net + tax for line_id, net, tax in lines.values_list("line__pk", "net", "tax")}
    return note_questions.about(amounts)


def why_not_voidable(note: CreditNote) -> refusals.NoteNotVoidable | None:
    """Give the refusal to void a note; None where it can be voided."""
    if note.status == CreditNote.Status.VOID:
        why: refusals.WhyNotVoidable = "void"
    elif note.allocated:
        why = "allocated"
    elif note.holds:
        kinds = set(CreditNoteHold.objects.filter(credit_note=note).values_list("kind", flat=True))
        why = "settles" if CreditNoteHold.Kind.SETTLES in kinds else "taken_off"
    else:
        return None
    return refusals.NoteNotVoidable(number=note.number, why=why, allocated=note.allocated, currency=note.currency)


def creditables(invoice_uuid: UUID) -> dict[int, tuple[ChargeLine, policies.Creditable]]:
    """Give the charges of an invoice, in order, with what the caps leave of each."""
    lines = list(ChargeLine.objects.filter(invoice__uuid=invoice_uuid).order_by("pk"))
    given: dict[int, tuple[Decimal, Decimal]] = {line.pk: (Decimal(0), Decimal(0)) for line in lines}
    noted = CreditNoteLine.objects.filter(credit_note__status__in=CreditNote.COUNTED)
    for rows in (noted, CreditNoteStand.objects.all(), ChargeRefund.objects.all()):
        sums = rows.filter(line__in=lines).order_by().values_list("line_id").annotate(Sum("net"), Sum("tax"))
        for line_id, net, tax in sums:
            given[line_id] = (given[line_id][0] + net, given[line_id][1] + tax)
    return {
        line.pk: (
            line,
            policies.Creditable(
                currency=line.currency,
                net=line.net,
                tax=line.tax,
                noted=line.noted,
                waived=line.waived,
                refunded=line.refunded,
                given_net=given[line.pk][0],
                given_tax=given[line.pk][1],
            ),
        )
        for line in lines
    }


def drafted_by(request_id: UUID, *, invoice_uuid: UUID) -> CreditNote | None:
    """Find the note that a form has already drafted against an invoice."""
    return CreditNote.objects.filter(request_id=request_id, invoice__uuid=invoice_uuid).first()
