"""The audit tells of payments, notes and take-backs as often as forms have written one."""

from __future__ import annotations

from customers.checks.told import counted
from portal.verification import registry

registry.declare(
    __name__,
    720,
    counted(
        "Payment recorded",
        rows="SELECT i.organisation_id FROM invoicing_payment p JOIN invoicing_invoice i ON i.id = p.invoice_id "
        "WHERE p.request_id IS NOT NULL",
    ),
    counted(
        "Credit note created",
        rows="SELECT organisation_id FROM invoicing_creditnote WHERE request_id IS NOT NULL",
    ),
    counted(
        "Credit note sent",
        rows="SELECT organisation_id FROM invoicing_creditnote "
        "WHERE request_id IS NOT NULL AND sent_at IS NOT NULL",
        may_be_more=True,
    ),
    counted(
        "Credit note voided",
        rows="SELECT organisation_id FROM invoicing_creditnote WHERE request_id IS NOT NULL AND status = 'void'",
        may_be_more=True,
    ),
    counted(
        "Payment taken back",
        rows="SELECT i.organisation_id FROM invoicing_takeback t JOIN invoicing_payment p ON p.id = t.payment_id "
        "JOIN invoicing_invoice i ON i.id = p.invoice_id",
    ),
    counted(
        "Credit note taken back",
        rows="SELECT n.organisation_id FROM invoicing_takeback t "
        "JOIN invoicing_creditnote n ON n.id = t.credit_note_id",
    ),
)
