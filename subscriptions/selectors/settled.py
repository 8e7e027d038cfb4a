"""Read what a termination wrote: the words of its record come from here, never from what was only shown."""

from __future__ import annotations

from decimal import Decimal

from invoicing import selectors as invoicing_selectors
from invoicing.models import ChargeWaiver
from subscriptions import figures
from subscriptions.models import Termination


def done_of(termination: Termination) -> figures.Done:
    """Read entry, waivers and the use of the note that is the refund.

    One query where something was waived; two where a note is linked, with what waits on it now.
    """
    note = termination.credit_note
    waived: tuple[figures.Part, ...] = ()
    if termination.waived:
        rows = ChargeWaiver.objects.filter(cause_id=termination.uuid).order_by("pk")
        found = rows.values_list("line_id", "line__invoice__number", "amount")
        waived = tuple(figures.Part(*row) for row in found)
    if note is None:
        return figures.Done(credited=termination.credited or Decimal(0), waived=waived)
    # What the note was used for at once carries the id of the preview that was applied.
    used = invoicing_selectors.note_use(termination.quote_id) if termination.quote_id else None
    return figures.Done(
        waived=waived,
        note=note.number,
        waits=note.total - note.allocated,
        applied=tuple(figures.Part(*part) for part in used.applied) if used else (),
        put_in=used.put_in if used else Decimal(0),
    )
