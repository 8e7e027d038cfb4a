"""One credit note with all that belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery, Sum

from invoicing import subjects
from invoicing.models import (
    CreditNote,
    CreditNoteAllocation,
    CreditNoteHold,
    CreditNoteLine,
    CreditNotePutIn,
    CreditNotePutInLine,
    CreditNoteStand,
)
from invoicing.selectors import lists, possible, taking_back
from portal.lib import days, money


@dataclass(frozen=True)
class NoteLineRow:
    """What a note gives back; `invoice_number` is empty where it names no charge."""

    description: str
    subject: subjects.Subject | None
    invoice_uuid: UUID | None
    invoice_number: str
    net: str
    tax: str
    amount: str


@dataclass(frozen=True)
class StandRow:
    """What a note, as the refund of a termination, gives back of a charge that it does not name."""

    description: str
    subject: subjects.Subject | None
    invoice_uuid: UUID
    invoice_number: str
    cause_id: UUID
    net: str
    tax: str
    amount: str


@dataclass(frozen=True)
class LineSum:
    """What several charges come to."""

    net: str
    tax: str
    amount: str


@dataclass(frozen=True)
class PutInRow:
    """What a note put into Available Credits at once; `taken_back` is empty where nothing of it was."""

    amount: str
    on: str
    actor: str
    taken_back: str


@dataclass(frozen=True)
class AllocatedRow:
    """The part of a note that paid a charge of an invoice."""

    description: str
    subject: subjects.Subject | None
    invoice_uuid: UUID
    invoice_number: str
    amount: str
    on: str
    actor: str
    taken_back: str


@dataclass(frozen=True)
class HoldRow:
    """A termination that holds the note, and how."""

    kind: str
    cause_id: UUID


@dataclass(frozen=True)
class NoteDetails:
    """A credit note as its page shows it."""

    uuid: UUID
    number: str
    organisation_uuid: UUID
    organisation_name: str
    invoice_uuid: UUID | None
    invoice_number: str
    status: str
    currency: str
    reason: str
    issued_on: str
    net: str
    tax: str
    total: str
    allocated: str
    allocated_outside: str
    left: str
    left_amount: Decimal
    sending_reason: str
    voiding_reason: str
    is_sendable: bool
    why_not_sendable: str
    is_allocatable: bool
    is_voidable: bool
    why_not_voidable: str
    lines: tuple[NoteLineRow, ...]
    sum_of_lines: LineSum
    stands: tuple[StandRow, ...]
    sum_of_stands: LineSum
    allocations: tuple[AllocatedRow, ...]
    holds: tuple[HoldRow, ...]
    put_ins: tuple[PutInRow, ...]
    taken_back: tuple[taking_back.TakenBackRow, ...]
    has_to_take_back: bool


def note_details(note_uuid: UUID) -> NoteDetails:
    """Give one credit note.

    *Raises*: CreditNote.DoesNotExist.
    """
    note = CreditNote.objects.select_related("organisation", "invoice").get(uuid=note_uuid)
    currency = note.currency
    left = lists.left_of(note)
    of_put_in = CreditNotePutInLine.objects.filter(put_in=OuterRef("pk")).order_by().values("put_in")
    taken_back_of_lines = of_put_in.annotate(sum=Sum("taken_back")).values("sum")
    why_not_sendable = possible.why_not_sendable(note)
    why_not = possible.why_not_voidable(note)
    lines = list(CreditNoteLine.objects.filter(credit_note=note).select_related("line__invoice").order_by("pk"))
    allocations = list(
        CreditNoteAllocation.objects.filter(credit_note=note).select_related("line__invoice").order_by("pk")
    )
    stands = list(CreditNoteStand.objects.filter(credit_note=note).select_related("line__invoice").order_by("pk"))
    named = {line.line_id for line in lines if line.line_id}
    about = subjects.of_lines(named | {row.line_id for row in allocations} | {row.line_id for row in stands})
    return NoteDetails(
        uuid=note.uuid,
        number=note.number,
        organisation_uuid=note.organisation.uuid,
        organisation_name=note.organisation.name,
        invoice_uuid=note.invoice.uuid if note.invoice else None,
        invoice_number=note.invoice.number if note.invoice else "",
        status=note.status,
        currency=currency,
        reason=note.reason,
        issued_on=days.display(note.issued_on) if note.issued_on else "",
        net=money.display(note.net, currency=currency),
        tax=money.display(note.tax, currency=currency),
        total=money.display(note.total, currency=currency),
        allocated=money.display(note.allocated, currency=currency),
        allocated_outside=money.display(note.allocated_outside, currency=currency)
        if note.allocated_outside
        else "",
        left=money.display(left, currency=currency),
        left_amount=left,
        sending_reason=note.sending_reason,
        voiding_reason=note.voiding_reason,
        is_sendable=not why_not_sendable,
        why_not_sendable=str(why_not_sendable or ""),
        is_allocatable=left > 0,
        is_voidable=not why_not,
        why_not_voidable=str(why_not or ""),
        lines=tuple(_note_line(line, about=about) for line in lines),
        sum_of_lines=_sum(lines, currency=currency),
        stands=tuple(_stand(row, about=about) for row in stands),
        sum_of_stands=_sum(stands, currency=currency),
        allocations=tuple(_allocation(row, note=note, about=about) for row in allocations),
        holds=tuple(
            HoldRow(kind=hold.get_kind_display(), cause_id=hold.cause_id)
            for hold in CreditNoteHold.objects.filter(credit_note=note).order_by("pk")
        ),
        put_ins=tuple(
            _put_in(row, note=note)
            for row in CreditNotePutIn.objects.filter(credit_note=note)
            .annotate(taken_back=Subquery(taken_back_of_lines))
            .order_by("pk")
        ),
        taken_back=taking_back.taken_back_of(note),
        has_to_take_back=note.allocated > note.allocated_outside,
    )


def _note_line(row: CreditNoteLine, *, about: dict[int, subjects.Subject]) -> NoteLineRow:
    return NoteLineRow(
        description=row.description or (row.line.description if row.line else "No charge named"),
        subject=about.get(row.line_id) if row.line_id else None,
        invoice_uuid=row.line.invoice.uuid if row.line else None,
        invoice_number=row.line.invoice.number if row.line else "",
        net=money.display(row.net, currency=row.currency),
        tax=money.display(row.tax, currency=row.currency),
        amount=money.display(row.net + row.tax, currency=row.currency),
    )


def _stand(row: CreditNoteStand, *, about: dict[int, subjects.Subject]) -> StandRow:
    return StandRow(
        description=row.line.description,
        subject=about.get(row.line_id),
        invoice_uuid=row.line.invoice.uuid,
        invoice_number=row.line.invoice.number,
        cause_id=row.cause_id,
        net=money.display(row.net, currency=row.currency),
        tax=money.display(row.tax, currency=row.currency),
        amount=money.display(row.amount, currency=row.currency),
    )


def _sum(rows: Sequence[CreditNoteLine] | Sequence[CreditNoteStand], *, currency: str) -> LineSum:
    net, tax = (sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("net", "tax"))
    return LineSum(*(money.display(amount, currency=currency) for amount in (net, tax, net + tax)))


def _put_in(row: Any, *, note: CreditNote) -> PutInRow:
    """Write what was put in. *Shape*: `row` is a CreditNotePutIn with what was taken back of its lines."""
    return PutInRow(
        amount=money.display(row.amount, currency=row.currency),
        on=days.display(days.today_in(note.organisation.timezone, at=row.created_at)),
        actor=row.actor,
        taken_back=lists.taken(row.taken_back or Decimal(0), currency=row.currency),
    )


def _allocation(row: CreditNoteAllocation, *, note: CreditNote, about: dict[int, subjects.Subject]) -> AllocatedRow:
    return AllocatedRow(
        description=row.line.description,
        subject=about.get(row.line_id),
        invoice_uuid=row.line.invoice.uuid,
        invoice_number=row.line.invoice.number,
        amount=money.display(row.amount, currency=row.currency),
        on=days.display(days.today_in(note.organisation.timezone, at=row.created_at)),
        actor=row.actor,
        taken_back=lists.taken(row.taken_back, currency=row.currency),
    )
