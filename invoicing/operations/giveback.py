"""The part of a termination in this app: locks of documents, waivers and refunds of charges, holds on notes.

The operation that ends the subscription calls these functions, and owns the transaction.
"""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from invoicing.models import ChargeRefund, ChargeWaiver, CreditNoteHold, CreditNoteLine

# The ids are collected as an array first. A join instead would depend on statistics: with those of a table that was
# empty a moment ago, the planner chooses a nested loop over both tables.
_LOCK_INVOICES = """
    SELECT id FROM invoicing_invoice
    WHERE id = ANY(ARRAY(SELECT invoice_id FROM invoicing_chargeline WHERE id = ANY(%(lines)s::bigint[])))
    ORDER BY id FOR NO KEY UPDATE OF invoicing_invoice
"""
# A UNION: an OR would read every note.
_LOCK_NOTES = """
    SELECT id FROM invoicing_creditnote
    WHERE id = ANY(ARRAY(
        SELECT credit_note_id FROM invoicing_creditnoteline WHERE line_id = ANY(%(lines)s::bigint[])
        UNION ALL SELECT id FROM invoicing_creditnote WHERE number = %(number)s))
    ORDER BY id FOR NO KEY UPDATE OF invoicing_creditnote
"""


def lock_invoices(line_ids: Sequence[int], *, note: str = "") -> None:
    """Lock the invoices of these charges, and of the charges that a note names, in the order of their keys.

    Every change to what is paid or credited for a charge takes this lock.
    *Raises*: TransactionManagementError outside a transaction.
    """
    named = CreditNoteLine.objects.filter(credit_note__number=note, line__isnull=False) if note else []
    _lock(_LOCK_INVOICES, lines=[*line_ids, *(row.line_id for row in named)])


def lock_notes(*, naming: Sequence[int], number: str = "") -> None:
    """Lock the credit notes that name these charges, and the note of a number, in the order of their keys.

    One query. The invoices are locked before: their lock keeps notes that name their charges from coming and going.
    *Raises*: TransactionManagementError outside a transaction.
    """
    _lock(_LOCK_NOTES, lines=list(naming), number=number)


def _lock(statement: str, **parameters: Any) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The lock would be gone at once: open an operation first.")
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def write_giveback(
    *,
    cause_id: uuid.UUID,
    waivers: Sequence[tuple[int, str, Decimal]],
    refunds: Sequence[tuple[int, str, Decimal, Decimal]],
) -> None:
    """Insert the waivers and refunds of a termination. Amounts of 0 are left out.

    *Shape*: waivers are (line, currency, amount), refunds (line, currency, net, tax).
    *Raises*: IntegrityError, which names the cap that would be exceeded.
    """
    ChargeWaiver.objects.bulk_create(
        ChargeWaiver(line_id=line_id, currency=currency, amount=amount, cause_id=cause_id)
        for line_id, currency, amount in waivers
        if amount
    )
    ChargeRefund.objects.bulk_create(
        ChargeRefund(line_id=line_id, currency=currency, net=net, tax=tax, cause_id=cause_id)
        for line_id, currency, net, tax in refunds
        if net or tax
    )


def hold_notes(*, cause_id: uuid.UUID, settles: int | None, taken_off: Sequence[int]) -> None:
    """Hold the note that settles a termination, and the notes that were deducted from its refund.

    A settling note that names one of the cycles was deducted as well; it is held once, as settling. Several
    terminations may deduct the same note.

    *Raises*: IntegrityError, `a_note_settles_one_cause` or `a_note_settles_or_is_taken_off`, if another termination
    holds a note in a way that excludes this one.
    """
    holds = [(settles, CreditNoteHold.Kind.SETTLES)] if settles is not None else []
    holds += [(note, CreditNoteHold.Kind.TAKEN_OFF) for note in sorted(set(taken_off)) if note != settles]
    CreditNoteHold.objects.bulk_create(
        CreditNoteHold(credit_note_id=note_id, kind=kind, cause_id=cause_id) for note_id, kind in holds
    )
