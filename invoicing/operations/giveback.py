"""What a termination does here: lock documents, give back of charges, hold notes.

Each of these is called inside the operation that ends the subscription, which owns the transaction.
"""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from invoicing.models import ChargeRefund, ChargeWaiver, CreditNoteHold, CreditNoteLine

# What is locked is collected first, as an array: how a join of the two is done depends on statistics, and with
# those of a table that was empty a moment ago it reads each row for each.
_LOCK_INVOICES = """
    SELECT id FROM invoicing_invoice
    WHERE id = ANY(ARRAY(SELECT invoice_id FROM invoicing_chargeline WHERE id = ANY(%(lines)s::bigint[])))
    ORDER BY id FOR NO KEY UPDATE OF invoicing_invoice
"""
# Not an OR, for which every note would be read.
_LOCK_NOTES = """
    SELECT id FROM invoicing_creditnote
    WHERE id = ANY(ARRAY(
        SELECT credit_note_id FROM invoicing_creditnoteline WHERE line_id = ANY(%(lines)s::bigint[])
        UNION ALL SELECT id FROM invoicing_creditnote WHERE number = %(number)s))
    ORDER BY id FOR NO KEY UPDATE OF invoicing_creditnote
"""


def lock_invoices(line_ids: Sequence[int], *, note: str = "") -> None:
    """Lock the invoices of these charges, and of those that the note of a number names, by primary key.

    Whoever changes what is paid or credited for a charge holds this lock.
    *Raises*: TransactionManagementError outside a transaction.
    """
    named = CreditNoteLine.objects.filter(credit_note__number=note, line__isnull=False) if note else []
    _lock(_LOCK_INVOICES, lines=[*line_ids, *(row.line_id for row in named)])


def lock_notes(*, naming: Sequence[int], number: str = "") -> None:
    """Lock the credit notes that name these charges, and the one of a number, by primary key. One query.

    After the invoices: with their lock held, no note that names one of their charges can come or go.
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
    """Write what a termination waives and refunds of charges; amounts of 0 are left out.

    *Shape*: waivers are (line, currency, amount), refunds (line, currency, net, tax).
    *Raises*: IntegrityError by the name of the cap that would be broken.
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
    """Hold the note that settles a termination, and those that were taken off its refund.

    A settling note that names one of the cycles was taken off as well; it is held once, as settling. Several
    terminations may take off the same note.

    *Raises*: IntegrityError, `a_note_settles_one_cause` or `a_note_settles_or_is_taken_off`, where
    another termination holds a note in a way that does not go together with this one.
    """
    holds = [(settles, CreditNoteHold.Kind.SETTLES)] if settles is not None else []
    holds += [(note, CreditNoteHold.Kind.TAKEN_OFF) for note in sorted(set(taken_off)) if note != settles]
    CreditNoteHold.objects.bulk_create(
        CreditNoteHold(credit_note_id=note_id, kind=kind, cause_id=cause_id) for note_id, kind in holds
    )
