"""Amounts of documents are whole minor units of their currency; only balances go below them."""

from __future__ import annotations

from customers.checks.units import whole
from portal.verification import registry

registry.declare(
    __name__,
    800,
    whole("invoicing_chargeline", "charge line", "net", "tax", "paid", "noted", "waived", "refunded", "put_in"),
    whole("invoicing_invoice", "invoice", "charged", "paid", "waived"),
    whole("invoicing_payment", "payment", "amount", "surplus", "surplus_taken_back"),
    whole("invoicing_paymentline", "payment line", "amount", "taken_back"),
    whole("invoicing_creditnote", "credit note", "net", "tax", "allocated", "allocated_outside"),
    whole("invoicing_creditnoteline", "credit note line", "net", "tax"),
    whole("invoicing_creditnoteallocation", "allocation", "amount", "taken_back"),
    whole("invoicing_creditnotestand", "stand of a credit note", "net", "tax"),
    whole("invoicing_creditnoteputin", "put in by a credit note", "amount"),
    whole("invoicing_creditnoteputinline", "part put in", "amount", "taken_back"),
    whole("invoicing_takeback", "take-back", "amount", "surplus", "moved"),
    whole("invoicing_takebackline", "part taken back", "amount"),
    whole("invoicing_chargewaiver", "waiver", "amount"),
    whole("invoicing_chargerefund", "refund of a charge", "net", "tax"),
)
