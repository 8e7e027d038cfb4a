"""Everything that writes money documents, one module per verb."""

from invoicing.operations.allocations import allocate
from invoicing.operations.credit_notes import (
    NoteAmount,
    create_credit_note,
    mark_as_sent,
    void,
)
from invoicing.operations.giveback import hold_notes, lock_invoices, lock_notes, write_giveback
from invoicing.operations.note_use import use_note, write_stands
from invoicing.operations.numbers import draw_number, number_of
from invoicing.operations.payments import METHODS_BY_HAND, record_payment
from invoicing.operations.refusals import (
    AboveTheAccount,
    AboveTheCharge,
    AmountAboveNote,
    AmountAboveOpen,
    AmountNotUsable,
    InvoiceNotCreditable,
    InvoiceNotPayable,
    MethodNotUsable,
    NoteNotAllocatable,
    NoteNotSendable,
    NoteNotVoidable,
    NothingNamed,
    NotTheSameCustomer,
    PartAboveCharge,
    PartsAboveAmount,
    PaymentLikeAnother,
    ReceivedAboveOpen,
    ReceivedInTheFuture,
    Refused,
    RequestAlreadyUsed,
)

__all__ = [
    "METHODS_BY_HAND",
    "AboveTheAccount",
    "AboveTheCharge",
    "AmountAboveNote",
    "AmountAboveOpen",
    "AmountNotUsable",
    "InvoiceNotCreditable",
    "InvoiceNotPayable",
    "MethodNotUsable",
    "NotTheSameCustomer",
    "NoteAmount",
    "NoteNotAllocatable",
    "NoteNotSendable",
    "NoteNotVoidable",
    "NothingNamed",
    "PartAboveCharge",
    "PartsAboveAmount",
    "PaymentLikeAnother",
    "ReceivedAboveOpen",
    "ReceivedInTheFuture",
    "Refused",
    "RequestAlreadyUsed",
    "allocate",
    "create_credit_note",
    "draw_number",
    "hold_notes",
    "lock_invoices",
    "lock_notes",
    "mark_as_sent",
    "number_of",
    "record_payment",
    "use_note",
    "void",
    "write_giveback",
    "write_stands",
]
