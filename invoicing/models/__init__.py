"""Money documents: invoices with charge lines, payments, credit notes, and what was given back of a charge.

Import them from here; below stands which file has which.
"""

from invoicing.models.amounts import AMOUNT
from invoicing.models.credit_notes import CreditNote, CreditNoteAllocation, CreditNoteHold, CreditNoteLine
from invoicing.models.giveback import ChargeRefund, ChargeWaiver
from invoicing.models.invoices import ChargeLine, Invoice
from invoicing.models.payments import Payment, PaymentLine
from invoicing.models.series import NumberSeries
from invoicing.models.settling import CreditNotePutIn, CreditNotePutInLine, CreditNoteStand
from invoicing.models.taking_back import TakeBack, TakeBackLine

__all__ = [
    "AMOUNT",
    "ChargeLine",
    "ChargeRefund",
    "ChargeWaiver",
    "CreditNote",
    "CreditNoteAllocation",
    "CreditNoteHold",
    "CreditNoteLine",
    "CreditNotePutIn",
    "CreditNotePutInLine",
    "CreditNoteStand",
    "Invoice",
    "NumberSeries",
    "Payment",
    "PaymentLine",
    "TakeBack",
    "TakeBackLine",
]
