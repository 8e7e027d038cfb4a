"""What became of a note that was used."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

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


def note_use(request_id: uuid.UUID) -> NoteUse | None:
    """Read what the form of this id did with a note; None where it used none. Two queries."""
    rows = CreditNoteAllocation.objects.filter(request_id=request_id).order_by("pk")
    applied = tuple(rows.values_list("line_id", "line__invoice__number", "amount"))
    put_in = CreditNotePutIn.objects.filter(request_id=request_id).values_list("amount", flat=True).first()
    return NoteUse(applied, put_in or Decimal(0)) if applied or put_in else None


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
