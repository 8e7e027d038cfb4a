"""Everything that reads money documents."""

from invoicing.selectors.invoice_details import InvoiceDetails, LineRow, invoice_details
from invoicing.selectors.lists import (
    PayableInvoice,
    credit_notes,
    invoices,
    numbered,
    payable_invoices,
)
from invoicing.selectors.note_details import NoteDetails, note_details
from invoicing.selectors.possible import (
    creditables,
    drafted_by,
    questions_before_sending,
    why_not_allocatable,
    why_not_sendable,
    why_not_voidable,
)
from invoicing.selectors.taking_back import SURPLUS, Takeable, key_of, takeable_note, takeable_payment
from invoicing.selectors.uses import (
    NoteUse,
    Used,
    Wanted,
    note_use,
    planned_uses,
    reachable,
    reachable_lines,
    standing_put_ins,
    uses_of,
)

__all__ = [
    "SURPLUS",
    "InvoiceDetails",
    "LineRow",
    "NoteDetails",
    "NoteUse",
    "PayableInvoice",
    "Takeable",
    "Used",
    "Wanted",
    "credit_notes",
    "creditables",
    "drafted_by",
    "invoice_details",
    "invoices",
    "key_of",
    "note_details",
    "note_use",
    "numbered",
    "payable_invoices",
    "planned_uses",
    "questions_before_sending",
    "reachable",
    "reachable_lines",
    "standing_put_ins",
    "takeable_note",
    "takeable_payment",
    "uses_of",
    "why_not_allocatable",
    "why_not_sendable",
    "why_not_voidable",
]
