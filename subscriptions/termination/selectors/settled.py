"""Read what a termination wrote: the words of its record come from here, never from what was only shown."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby

from invoicing import selectors as invoicing_selectors
from invoicing.models import ChargeWaiver
from portal.lib import days
from subscriptions.models import Termination
from subscriptions.termination.quote import figures


def done_of(termination: Termination) -> figures.Done:
    """Read entry, waivers, the use of the note that is the refund, and what became of that note since.

    One query where something was waived; one where a note is linked.
    """
    note = termination.credit_note
    waived: tuple[figures.Part, ...] = ()
    if termination.waived:
        rows = ChargeWaiver.objects.filter(cause_id=termination.uuid).order_by("pk")
        found = rows.values_list("line_id", "line__invoice__number", "amount")
        waived = tuple(figures.Part(*row) for row in found)
    if note is None:
        return figures.Done(credited=termination.credited or Decimal(0), waived=waived)
    used = invoicing_selectors.uses_of(note.pk)
    # What the note was used for at once carries the id of the preview that was applied.
    at_once = [one for one in used if one.request_id and one.request_id == termination.quote_id]
    later = [one for one in used if one not in at_once and one.at > termination.terminated_at]
    since = tuple(_since(later, zone=termination.organisation.timezone))
    return figures.Done(
        waived=waived,
        note=note.number,
        waits=note.total - note.allocated + figures.gone(since),
        applied=tuple(
            figures.Part(one.line_id, one.invoice, one.amount) for one in at_once if one.kind == "applied"
        ),
        put_in=sum((one.amount for one in at_once if one.kind == "put_in"), Decimal(0)),
        since=since,
    )


def _since(later: Iterable[invoicing_selectors.Used], *, zone: str) -> Iterable[figures.Since]:
    """Tell steps as people made them: what one form paid on one invoice is one step."""
    for (kind, _, invoice), steps in groupby(later, key=lambda one: (one.kind, one.request_id, one.invoice)):
        first, *others = steps
        yield figures.Since(
            kind=kind,
            amount=sum((one.amount for one in others), first.amount),
            on=days.today_in(zone, at=first.at),
            by=first.actor,
            invoice=invoice,
        )
