"""What stands beside each other says the same: whose a document is, and what documents did to the ledger."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from customers.checks.names import ENTRIES, ENTRY
from portal.verification import registry
from portal.verification.check import Check

registry.declare(
    __name__,
    510,
    Check(
        "note_organisation",
        "it is of organisation {ours}, and {word} {number} of {theirs}",
        """
        SELECT n.number AS place, o.uuid AS ours, d.word, i.number, p.uuid AS theirs
        FROM (SELECT id AS note_id, invoice_id, 'was written against' AS word FROM invoicing_creditnote
              WHERE invoice_id IS NOT NULL
              UNION SELECT r.credit_note_id, l.invoice_id, 'names a charge of' FROM invoicing_creditnoteline r
              JOIN invoicing_chargeline l ON l.id = r.line_id
              UNION SELECT r.credit_note_id, l.invoice_id, 'pays' FROM invoicing_creditnoteallocation r
              JOIN invoicing_chargeline l ON l.id = r.line_id) d
        JOIN invoicing_creditnote n ON n.id = d.note_id
        JOIN invoicing_invoice i ON i.id = d.invoice_id
        JOIN customers_organisation o ON o.id = n.organisation_id
        JOIN customers_organisation p ON p.id = i.organisation_id
        WHERE n.organisation_id <> i.organisation_id ORDER BY n.id, i.id, d.word
        """,
    ),
)

registry.declare(
    __name__,
    540,
    Check(
        "entry_unbilled",
        "it is {word} for the monthly invoice, and its kind is {kind} of a {payment_mode} organisation",
        f"""
        SELECT {ENTRY} AS place, CASE WHEN e.is_unbilled THEN 'marked' ELSE 'not marked' END AS word, e.kind,
               o.payment_mode
        FROM {ENTRIES}
        LEFT JOIN (invoicing_creditnoteputin p JOIN invoicing_creditnote n ON n.id = p.credit_note_id)
            ON p.entry_id = e.id
        LEFT JOIN (invoicing_takeback t JOIN invoicing_creditnote tn ON tn.id = t.credit_note_id)
            ON t.entry_id = e.id
        WHERE e.is_unbilled <> CASE e.kind
                WHEN 'opening_balance' THEN false
                WHEN 'correction' THEN o.payment_mode = 'postpaid'
                WHEN 'top_up' THEN o.payment_mode = 'postpaid' AND (e.request_id IS NOT NULL OR e.is_unbilled)
                WHEN 'credit_note'
                THEN o.payment_mode = 'postpaid' AND coalesce(n.series_id, tn.series_id) IS NOT NULL
                ELSE e.is_unbilled END
        ORDER BY e.account_id, e.seq
        """,
    ),
)

registry.declare(
    __name__,
    560,
    Check(
        "top_up_cause",
        "its cause is {cause}, which is no payment, invoice, top-up or take-back of this organisation",
        f"""
        SELECT {ENTRY} AS place, coalesce(e.cause_id::text, 'not given') AS cause FROM {ENTRIES}
        LEFT JOIN (SELECT p.uuid, i.organisation_id FROM invoicing_payment p
                   JOIN invoicing_invoice i ON i.id = p.invoice_id
                   UNION ALL SELECT t.uuid, i.organisation_id FROM invoicing_takeback t
                   JOIN invoicing_payment p ON p.id = t.payment_id JOIN invoicing_invoice i ON i.id = p.invoice_id
                   UNION ALL SELECT uuid, organisation_id FROM customers_topup
                   UNION ALL SELECT uuid, organisation_id FROM invoicing_invoice WHERE kind = 'top_up') c
            ON c.uuid = e.cause_id AND c.organisation_id = o.id
        WHERE e.kind = 'top_up' AND c.uuid IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
)

registry.declare(
    __name__,
    580,
    Check(
        "surplus_entry",
        "{surplus} of it was above what was open, its entry moves {moved} as {kind}",
        """
        SELECT format('payment %%s', p.uuid) AS place, p.surplus, coalesce(e.amount, 0) AS moved,
               coalesce(e.kind, 'nothing') AS kind
        FROM invoicing_payment p JOIN invoicing_invoice i ON i.id = p.invoice_id
        LEFT JOIN customers_ledgerentry e ON e.id = p.surplus_entry_id
        LEFT JOIN customers_creditaccount a ON a.id = e.account_id
        WHERE (p.surplus = 0 AND e.id IS NOT NULL)
           OR (p.surplus <> 0 AND (e.kind, e.amount, e.cause_id, a.organisation_id)
                                  IS DISTINCT FROM ('top_up', p.surplus, p.uuid, i.organisation_id))
        ORDER BY p.id
        """,
    ),
)
