"""The pages of the Invoice app: reading, and writing."""

from invoicing.views.reading import credit_note, credit_note_list, invoice, invoice_list, tab
from invoicing.views.steps import send_credit_note, void_credit_note
from invoicing.views.writing import allocate, create_credit_note, record_payment

__all__ = [
    "allocate",
    "create_credit_note",
    "credit_note",
    "credit_note_list",
    "invoice",
    "invoice_list",
    "record_payment",
    "send_credit_note",
    "tab",
    "void_credit_note",
]
