"""What became of a note that was used."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.db import connection
from django.db.models import Sum

from invoicing import policies
from invoicing.models import (
    ChargeLine,
    CreditNoteAllocation,
    CreditNoteLine,
    CreditNotePutIn,
    CreditNotePutInLine,
    Invoice,
)

PAYABLE = (Invoice.Status.AWAITING_PAYMENT, Invoice.Status.PAID)


@dataclass(frozen=True)
class NoteUse:
    """Hold what became of a note: what it paid, and what it put into Available Credits.

    *Shape*: `applied` is (line, invoice number, amount), in the order it was applied.
    """

    applied: tuple[tuple[int, str, Decimal], ...]
    put_in: Decimal


def note_use(request_id: uuid.UUID) -> NoteUse:
    """Read what the form of this id did with a note. Two queries."""
    rows = CreditNoteAllocation.objects.filter(request_id=request_id).order_by("pk")
    applied = tuple(rows.values_list("line_id", "line__invoice__number", "amount"))
    put_in = CreditNotePutIn.objects.filter(request_id=request_id).values_list("amount", flat=True).first()
    return NoteUse(applied, put_in or Decimal(0))


@dataclass(frozen=True)
class Used:
    """Hold one step in the life of a note: it paid a charge, was put into Available Credits, or was taken back.

    *Shape*: `line_id` and `invoice` (its number) only of what it paid; `request_id` is the form that asked for it,
    of a termination its `quote_id`.
    """

    kind: Literal["applied", "put_in", "taken_back"]
    amount: Decimal
    at: datetime
    actor: str
    request_id: uuid.UUID | None
    line_id: int = 0
    invoice: str = ""


_USES = """
    SELECT 'applied', a.amount, a.created_at, a.actor, a.request_id, a.line_id, i.number, a.id
    FROM invoicing_creditnoteallocation a
    JOIN invoicing_chargeline l ON l.id = a.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
    WHERE a.credit_note_id = %(note)s
    UNION ALL
    SELECT 'put_in', amount, created_at, actor, request_id, 0, '', id
    FROM invoicing_creditnoteputin WHERE credit_note_id = %(note)s
    UNION ALL
    SELECT 'taken_back', amount, created_at, actor, request_id, 0, '', id
    FROM invoicing_takeback WHERE credit_note_id = %(note)s
    ORDER BY 3, 1, 8
"""


def uses_of(note_id: int) -> tuple[Used, ...]:
    """Read all that a note was used for and what was taken back of it, in order. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_USES, {"note": note_id})
        return tuple(Used(*row[:-1]) for row in cursor.fetchall())


def reachable_lines(line_ids: Iterable[int], *, organisation_id: int) -> dict[int, ChargeLine]:
    """Read those of some charges that a note of this organisation may pay, with their invoices. One query."""
    found = ChargeLine.objects.filter(pk__in=list(line_ids)).select_related("invoice")
    return {
        line.pk: line
        for line in found
        if line.invoice.organisation_id == organisation_id and line.invoice.status in PAYABLE
    }


def reachable(lines: Mapping[int, ChargeLine]) -> dict[int, policies.Reachable]:
    """Say of each what is open, and what of it may go into Available Credits."""
    return {
        line_id: policies.Reachable(
            open=line.charged - line.paid - line.waived, room=line.paid - line.refunded - line.put_in
        )
        for line_id, line in lines.items()
    }


def standing_put_ins(note_ids: Sequence[int]) -> defaultdict[int, dict[int | None, Decimal]]:
    """Sum up what notes put in before and what was not taken back, by note and line. One query."""
    found: defaultdict[int, dict[int | None, Decimal]] = defaultdict(dict)
    if note_ids:
        rows = CreditNotePutInLine.objects.filter(put_in__credit_note__in=note_ids).order_by()
        sums = rows.values_list("put_in__credit_note_id", "line_id").annotate(Sum("amount"), Sum("taken_back"))
        for note_id, line_id, amount, gone in sums:
            found[note_id][line_id] = amount - gone
    return found


@dataclass(frozen=True)
class Wanted:
    """A note whose use is asked for. *Shape*: `stood` is what it would stand for, by line."""

    note_id: int
    total: Decimal
    unused: Decimal
    stood: Mapping[int, Decimal]


def planned_uses(wanted: Sequence[Wanted], *, organisation_id: int, others: Sequence[int]) -> dict[int, NoteUse]:
    """Say what the use of each of some notes of an organisation would do now, by note. Two queries, or three."""
    named: dict[int, dict[int, Decimal]] = defaultdict(dict)
    rows = CreditNoteLine.objects.filter(
        credit_note__in=[note.note_id for note in wanted], line__isnull=False
    ).order_by("pk")
    for note_id, line_id, net, tax in rows.values_list("credit_note_id", "line_id", "net", "tax"):
        named[note_id][line_id] = net + tax
    ids = {line_id for found in named.values() for line_id in found} | set(others)
    lines = reachable_lines(ids, organisation_id=organisation_id)
    charges = reachable(lines)
    before = standing_put_ins([note.note_id for note in wanted if note.unused < note.total])
    planned = {}
    for note in wanted:
        use = policies.use(
            note.unused,
            total=note.total,
            named=named[note.note_id],
            stood=note.stood,
            others=others,
            before=before[note.note_id],
            charges=charges,
        )
        planned[note.note_id] = NoteUse(
            applied=tuple((line_id, lines[line_id].invoice.number, part) for line_id, part in use.paid.items()),
            put_in=sum((part for _, part in use.put_in), Decimal(0)),
        )
    return planned
