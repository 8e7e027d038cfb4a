"""What Available Credits paid was taken from them, once, and nothing else was."""

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check

registry.declare(
    __name__,
    325,
    Check(
        "charge_entry",
        "Available Credits paid {paid} on it, {charged} was taken from those of its organisation",
        """
        SELECT i.number AS place, p.amount AS paid, coalesce(-e.amount, 0) AS charged
        FROM (SELECT invoice_id, sum(amount) AS amount FROM invoicing_payment WHERE method = 'credits'
              GROUP BY invoice_id) p
        JOIN invoicing_invoice i ON i.id = p.invoice_id
        LEFT JOIN (customers_ledgerentry e JOIN customers_creditaccount a ON a.id = e.account_id)
            ON e.cause_id = i.uuid AND e.kind = 'charge' AND a.organisation_id = i.organisation_id
        WHERE p.amount <> coalesce(-e.amount, 0) ORDER BY i.id
        """,
    ),
    Check(
        "charge_cause",
        "it charges for {cause}, which Available Credits paid nothing on",
        """
        SELECT format('entry %%s of account %%s', e.seq, a.id) AS place, e.cause_id AS cause
        FROM customers_ledgerentry e JOIN customers_creditaccount a ON a.id = e.account_id
        WHERE e.kind = 'charge' AND e.cause_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM invoicing_takeback t WHERE t.entry_id = e.id)
          AND NOT EXISTS (SELECT FROM invoicing_invoice i JOIN invoicing_payment p ON p.invoice_id = i.id
                          WHERE i.uuid = e.cause_id AND p.method = 'credits')
        ORDER BY e.id
        """,
    ),
)
