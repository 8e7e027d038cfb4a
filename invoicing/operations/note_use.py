"""Use a credit note: pay open charges with it, and put what is left into Available Credits. Source: domain.md 3."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from customers import operations as customers_operations
from customers.models import CreditAccount, LedgerEntry
from invoicing import policies, selectors, writer
from invoicing.models import (
    CreditNote,
    CreditNoteAllocation,
    CreditNoteLine,
    CreditNotePutIn,
    CreditNotePutInLine,
    CreditNoteStand,
)
from portal import frame


def use_note(
    *,
    note: CreditNote,
    others: Sequence[int],
    account: CreditAccount,
    request_id: uuid.UUID,
    on: date,
    by: frame.Actor,
    at: datetime,
) -> selectors.NoteUse:
    """Apply a note to what is open on its charges, and put the rest into Available Credits.

    First the charges it names, then those it stands for, then `others`, in their order; only on invoices of the
    note's own organisation. The caller owns the transaction and holds the locks: the invoices of all these charges,
    then the note, then the account. The entry belongs to the note. For a postpaid organisation it is unbilled, but
    never where the note was imported: the monthly invoice knew that one.

    *Raises*: IntegrityError `a_form_puts_a_note_in_once`; customers' BalanceOutOfRange.
    """
    named = _amounts(CreditNoteLine.objects.filter(credit_note=note, line__isnull=False))
    stood = _amounts(CreditNoteStand.objects.filter(credit_note=note))
    lines = selectors.reachable_lines([*named, *stood, *others], organisation_id=note.organisation_id)
    use = policies.use(
        note.total - note.allocated,
        total=note.total,
        named=named,
        stood=stood,
        others=others,
        before=selectors.standing_put_ins([note.pk])[note.pk] if note.allocated else {},
        charges=selectors.reachable(lines),
    )
    writer.ALLOCATIONS.add(
        CreditNoteAllocation(
            credit_note=note,
            line_id=line_id,
            currency=note.currency,
            amount=part,
            created_at=at,
            actor=by.name,
            request_id=request_id,
        )
        for line_id, part in use.paid.items()
    )
    return selectors.NoteUse(
        applied=tuple((line_id, lines[line_id].invoice.number, part) for line_id, part in use.paid.items()),
        put_in=_put_in(note, use.put_in, account=account, request_id=request_id, on=on, by=by, at=at),
    )


def _amounts(rows: QuerySet[CreditNoteLine] | QuerySet[CreditNoteStand]) -> dict[int, Decimal]:
    """Read what a note gives back of each charge, in order."""
    found = rows.order_by("pk").values_list("line_id", "net", "tax")
    return {line_id: net + tax for line_id, net, tax in found}


def _put_in(
    note: CreditNote,
    parts: Sequence[tuple[int | None, Decimal]],
    *,
    account: CreditAccount,
    request_id: uuid.UUID,
    on: date,
    by: frame.Actor,
    at: datetime,
) -> Decimal:
    amount = sum((part for _, part in parts), Decimal(0))
    if not amount:
        return amount
    cause = uuid.uuid4()
    is_imported = note.series_id is None
    entry = customers_operations.post_entry(
        account=account,
        kind=LedgerEntry.Kind.CREDIT_NOTE,
        amount=amount,
        cause_id=cause,
        is_unbilled=note.organisation.payment_mode == "postpaid" and not is_imported,
        at=at,
        on=on,
        description=f"Credit note {note.number}",
        actor=by.name,
    )
    made = CreditNotePutIn.objects.create(
        uuid=cause,
        credit_note=note,
        currency=note.currency,
        amount=amount,
        entry=entry,
        request_id=request_id,
        created_at=at,
        actor=by.name,
    )
    CreditNotePutInLine.objects.bulk_create(
        CreditNotePutInLine(put_in=made, line_id=line_id, currency=note.currency, amount=part)
        for line_id, part in parts
    )
    return amount


def write_stands(
    *, note_id: int, cause_id: uuid.UUID, currency: str, stands: Sequence[tuple[int, Decimal, Decimal]]
) -> None:
    """Write what a settling note stands for; after `hold_notes`, inside the operation that ends the subscription.

    *Shape*: (line, net, tax), amounts of 0 are left out.
    *Raises*: IntegrityError by the name of the cap that would be broken.
    """
    CreditNoteStand.objects.bulk_create(
        CreditNoteStand(
            credit_note_id=note_id, line_id=line_id, currency=currency, net=net, tax=tax, cause_id=cause_id
        )
        for line_id, net, tax in stands
        if net or tax
    )
