"""The pages of the Invoice app: reading, and writing."""

from invoicing.views.reading import credit_note, credit_note_list, invoice, invoice_list, payment_list, tab
from invoicing.views.steps import put_into_credits, send_credit_note, void_credit_note
from invoicing.views.taking_back import take_back_of_note, take_back_payment
from invoicing.views.writing import allocate, create_credit_note, record_payment

__all__ = [
    "allocate",
    "create_credit_note",
    "credit_note",
    "credit_note_list",
    "invoice",
    "invoice_list",
    "payment_list",
    "put_into_credits",
    "record_payment",
    "send_credit_note",
    "tab",
    "take_back_of_note",
    "take_back_payment",
    "void_credit_note",
]
