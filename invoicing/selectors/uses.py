"""What became of a note that was used."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from invoicing.models import CreditNoteAllocation, CreditNotePutIn


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
