"""Everything that writes money documents, one module per verb."""

from invoicing.operations.allocations import allocate
from invoicing.operations.charging import Charged, Line, to_charge
from invoicing.operations.credit_notes import (
    NoteAmount,
    create_credit_note,
    mark_as_sent,
    void,
)
from invoicing.operations.giveback import hold_notes, lock_invoices, lock_notes, write_giveback
from invoicing.operations.note_use import use_note, write_stands
from invoicing.operations.payments import METHODS_BY_HAND, record_payment
from invoicing.operations.putting_in import put_into_credits
from invoicing.operations.taking_back import take_back_of_note, take_back_payment

__all__ = [
    "METHODS_BY_HAND",
    "Charged",
    "Line",
    "NoteAmount",
    "allocate",
    "create_credit_note",
    "hold_notes",
    "lock_invoices",
    "lock_notes",
    "mark_as_sent",
    "put_into_credits",
    "record_payment",
    "take_back_of_note",
    "take_back_payment",
    "to_charge",
    "use_note",
    "void",
    "write_giveback",
    "write_stands",
]
