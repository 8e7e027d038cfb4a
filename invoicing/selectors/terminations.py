"""What a termination must know of credit notes."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef

from invoicing.models import CreditNote, CreditNoteHold, CreditNoteLine


@dataclass(frozen=True)
class NamedNote:
    """A note that counts, and what it gives back of one charge. *Units*: gross, but for `net` and `tax`."""

    note_id: int
    note_uuid: uuid.UUID
    number: str
    status: str
    issued_on: date | None
    line_id: int
    net: Decimal
    tax: Decimal
    amount: Decimal
    note_total: Decimal
    allocated: Decimal


@dataclass(frozen=True)
class NoteFacts:
    """A note, which charges it names, and who holds it."""

    note_id: int
    note_uuid: uuid.UUID
    number: str
    status: str
    issued_on: date | None
    reason: str
    currency: str
    total: Decimal
    allocated: Decimal
    is_settling: bool
    is_taken_off: bool
    line_ids: tuple[int, ...]


def note_lines_naming(line_ids: Sequence[int]) -> tuple[NamedNote, ...]:
    """Find what Sent, partly and fully applied notes give back of these charges, oldest note first."""
    lines = (
        CreditNoteLine.objects.filter(line_id__in=line_ids, credit_note__status__in=CreditNote.COUNTED)
        .select_related("credit_note")
        .order_by("credit_note_id", "id")
    )
    return tuple(
        NamedNote(
            note_id=line.credit_note_id,
            note_uuid=line.credit_note.uuid,
            number=line.credit_note.number,
            status=line.credit_note.status,
            issued_on=line.credit_note.issued_on,
            line_id=line.line_id,
            net=line.net,
            tax=line.tax,
            amount=line.net + line.tax,
            note_total=line.credit_note.total,
            allocated=line.credit_note.allocated,
        )
        for line in lines
        if line.line_id is not None
    )


def notes_of_organisation(*, organisation_id: int, currency: str, statuses: Sequence[str]) -> tuple[NoteFacts, ...]:
    """Find an organisation's notes of a currency in these states, newest first."""
    notes = list(
        CreditNote.objects.filter(organisation_id=organisation_id, currency=currency, status__in=statuses)
        .annotate(is_settling=_is_held(CreditNoteHold.Kind.SETTLES))
        .annotate(is_taken_off=_is_held(CreditNoteHold.Kind.TAKEN_OFF))
        .order_by("-id")
    )
    named: dict[int, list[int]] = defaultdict(list)
    rows = CreditNoteLine.objects.filter(credit_note__in=[note.pk for note in notes], line__isnull=False)
    for note_id, line_id in rows.order_by("id").values_list("credit_note_id", "line_id"):
        named[note_id].append(line_id)
    return tuple(
        NoteFacts(
            note_id=note.pk,
            note_uuid=note.uuid,
            number=note.number,
            status=note.status,
            issued_on=note.issued_on,
            reason=note.reason,
            currency=note.currency,
            total=note.total,
            allocated=note.allocated,
            is_settling=note.is_settling,
            is_taken_off=note.is_taken_off,
            line_ids=tuple(named[note.pk]),
        )
        for note in notes
    )


def _is_held(kind: CreditNoteHold.Kind) -> Exists:
    return Exists(CreditNoteHold.objects.filter(credit_note=OuterRef("pk"), kind=kind))
