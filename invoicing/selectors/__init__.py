"""Everything that reads money documents."""

from invoicing.selectors.details import InvoiceDetails, LineRow, NoteDetails, invoice_details, note_details
from invoicing.selectors.lists import (
    InvoiceRow,
    NoteRow,
    PayableInvoice,
    credit_notes,
    invoices,
    numbered,
    payable_invoices,
)
from invoicing.selectors.possible import (
    creditables,
    drafted_by,
    questions_before_sending,
    why_not_sendable,
    why_not_voidable,
)
from invoicing.selectors.uses import NoteUse, Wanted, note_use, planned_uses, reachable, reachable_lines

__all__ = [
    "InvoiceDetails",
    "InvoiceRow",
    "LineRow",
    "NoteDetails",
    "NoteRow",
    "NoteUse",
    "PayableInvoice",
    "Wanted",
    "credit_notes",
    "creditables",
    "drafted_by",
    "invoice_details",
    "invoices",
    "note_details",
    "note_use",
    "numbered",
    "payable_invoices",
    "planned_uses",
    "questions_before_sending",
    "reachable",
    "reachable_lines",
    "why_not_sendable",
    "why_not_voidable",
]
