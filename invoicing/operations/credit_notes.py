"""Create credit notes, mark them as Sent, void them."""

import uuid
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal

from customers import refusals as customers_refusals
from invoicing import refusals, selectors, writer
from invoicing.models import ChargeLine, CreditNote, CreditNoteLine, Invoice, NumberSeries
from invoicing.operations import documents, giveback, numbers
from portal import frame
from portal.lib import days
from portal.postgresql import diagnosis

CAP = "notes_waived_and_refunded_stay_within_the_charge"


@dataclass(frozen=True)
class NoteAmount:
    """What a note gives back of one charge."""

    line_id: int
    net: Decimal
    tax: Decimal


def create_credit_note(
    *,
    invoice_uuid: uuid.UUID,
    amounts: Sequence[NoteAmount],
    reason: str,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> CreditNote:
    """Create a draft against charges of an invoice; its number is drawn now.

    The same request sent twice is one note, and gets it as its answer.

    *Raises*: Invoice.DoesNotExist; Refused, as one of InvoiceNotCreditable, NothingNamed, NoSuchCharge,
    AmountNotUsable, AboveTheCharge, ChargeNamedTwice, KeyReused.
    """
    named = [amount for amount in amounts if amount.net or amount.tax]
    by_charge = sorted(named, key=lambda amount: amount.line_id)
    content = {"invoice": invoice_uuid, "amounts": [astuple(amount) for amount in by_charge], "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at)
    with documents.form_writes_once(), frame.operation("create_credit_note", key=key) as earlier:
        if earlier:
            return CreditNote.objects.get(uuid=earlier)
        invoice = documents.locked_invoice(invoice_uuid)
        if not invoice.is_charging:
            raise refusals.InvoiceNotCreditable(number=invoice.number, status_of_invoice=invoice.status)
        if not named:
            raise refusals.NothingNamed
        descriptions = _checked(invoice, named)
        series, place, number = numbers.draw_number(NumberSeries.Document.CREDIT_NOTE)
        note = CreditNote(
            uuid=key.outcome,
            number=number,
            series=series,
            sequence_number=place,
            organisation=invoice.organisation,
            invoice=invoice,
            currency=invoice.currency,
            reason=reason,
            net=sum((amount.net for amount in named), Decimal(0)),
            tax=sum((amount.tax for amount in named), Decimal(0)),
            created_at=at,
            request_id=request_id,
        )
        writer.CREDIT_NOTES.add([note])
        writer.CREDIT_NOTE_LINES.add(
            CreditNoteLine(
                credit_note=note,
                line_id=amount.line_id,
                currency=note.currency,
                description=descriptions[amount.line_id],
                net=amount.net,
                tax=amount.tax,
            )
            for amount in named
        )
        _record(
            note,
            "credit_note.created",
            f"Credit note {number} of {documents.display(_total(named), of=note)} drafted "
            f"against {invoice.number}.",
            by=by,
            at=at,
        )
        return note


def mark_as_sent(
    *,
    note_uuid: uuid.UUID,
    reason: str,
    is_confirmed: bool,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> CreditNote:
    """Mark a draft as Sent: from now on it counts against the charges it names.

    Locks its invoice and those of these charges first, then the note, and checks the caps again. The same request
    sent twice marks once. What speaks against it above this app is asked; `is_confirmed` is the answer.

    *Raises*: CreditNote.DoesNotExist; Refused, as one of NoteNotSendable, NoteOfUncharged, NoteAboveCharge,
    NoteAboveCaps, SendingAsks, KeyReused.
    """
    content = {"note": note_uuid, "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at, outcome=note_uuid)
    # The database has the last word on the cap, whatever is computed below.
    above = {CAP: lambda: refusals.NoteAboveCaps(note_uuid=note_uuid)}
    with diagnosis.told_as(above), frame.operation("mark_credit_note_as_sent", key=key) as earlier:
        if earlier:
            return CreditNote.objects.get(uuid=earlier)
        note = _locked_with_invoices(note_uuid)
        if why_not := selectors.why_not_sendable(note):
            raise why_not
        _check_caps(note)
        questions = () if is_confirmed else selectors.questions_before_sending(note.uuid)
        if questions:
            raise refusals.SendingAsks(questions=questions)
        note.status = CreditNote.Status.SENT
        note.sent_at = at
        note.issued_on = days.today_in(note.organisation.timezone, at=at)
        note.sending_reason = reason
        note.save(update_fields=["status", "sent_at", "issued_on", "sending_reason"])
        total = documents.display(note.net + note.tax, of=note)
        _record(
            note,
            "credit_note.sent",
            f"Credit note {note.number} of {total} marked as Sent: {reason}",
            by=by,
            at=at,
        )
        return note


def void(*, note_uuid: uuid.UUID, reason: str, request_id: uuid.UUID, by: frame.Actor, at: datetime) -> CreditNote:
    """Void a note: only while nothing of it is allocated and no termination holds it.

    The same request sent twice voids once.
    *Raises*: CreditNote.DoesNotExist; NoteNotVoidable, KeyReused.
    """
    content = {"note": note_uuid, "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at, outcome=note_uuid)
    with frame.operation("void_credit_note", key=key) as earlier:
        if earlier:
            return CreditNote.objects.get(uuid=earlier)
        note = _locked_with_invoices(note_uuid)
        if why_not := selectors.why_not_voidable(note):
            raise why_not
        note.status = CreditNote.Status.VOID
        note.voiding_reason = reason
        note.save(update_fields=["status", "voiding_reason"])
        _record(note, "credit_note.voided", f"Credit note {note.number} voided: {reason}", by=by, at=at)
        return note


def _checked(invoice: Invoice, named: Sequence[NoteAmount]) -> dict[int, str]:
    """Check every amount against what the caps leave, and give the descriptions of the charges."""
    charges = selectors.creditables(invoice.uuid)
    for amount in named:
        if amount.line_id not in charges:
            raise refusals.NoSuchCharge(number=invoice.number, line_id=amount.line_id)
        line, charge = charges[amount.line_id]
        for part in (amount.net, amount.tax):
            if part:
                customers_refusals.check_amount(part, currency=invoice.currency)
        caps: tuple[tuple[refusals.ChargePart, Decimal, Decimal], ...] = (
            ("net", amount.net, charge.net_left),
            ("tax", amount.tax, charge.tax_left),
            ("net and tax", amount.net + amount.tax, charge.left),
        )
        for what, part, left in caps:
            if part > left:
                raise refusals.AboveTheCharge(
                    line_id=line.pk,
                    description=line.description,
                    part=what,
                    amount=part,
                    left=left,
                    currency=invoice.currency,
                )
    line_ids = [amount.line_id for amount in named]
    if len(set(line_ids)) < len(line_ids):
        raise refusals.ChargeNamedTwice(line_ids=line_ids)
    return {amount.line_id: charges[amount.line_id][0].description for amount in named}


def _check_caps(note: CreditNote) -> None:
    rows = CreditNoteLine.objects.filter(credit_note=note, line__isnull=False).order_by("pk")
    for row in rows.select_related("line__invoice"):
        line = row.line
        if line is None or not line.invoice.is_charging:
            raise refusals.NoteOfUncharged(number=note.number)
        left = line.charged - line.noted - line.waived - line.refunded
        if row.net + row.tax > left:
            raise refusals.NoteAboveCharge(
                number=note.number,
                amount=row.net + row.tax,
                description=line.description,
                invoice_number=line.invoice.number,
                left=left,
                currency=note.currency,
            )


def _locked_with_invoices(note_uuid: uuid.UUID) -> CreditNote:
    """Lock the invoice of a note and those of the charges it names, then the note. Its lines never change."""
    named = CreditNoteLine.objects.filter(credit_note__uuid=note_uuid, line__isnull=False)
    own = ChargeLine.objects.filter(invoice__credit_notes__uuid=note_uuid)
    giveback.lock_invoices([*own.values_list("pk", flat=True), *named.values_list("line__pk", flat=True)])
    return documents.locked_note(note_uuid)


def _total(amounts: Sequence[NoteAmount]) -> Decimal:
    return sum((amount.net + amount.tax for amount in amounts), Decimal(0))


def _record(note: CreditNote, kind: str, sentence: str, *, by: frame.Actor, at: datetime) -> None:
    documents.record(
        kind,
        sentence=sentence,
        of=note,
        data={"total": note.net + note.tax, "status": note.status},
        by=by,
        at=at,
    )
