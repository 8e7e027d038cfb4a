"""What was taken back is in the rows it was taken from, and moved Available Credits where it says so."""

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check

registry.declare(
    __name__,
    320,
    Check(
        "taken_back_sum",
        "it says {amount} was taken back, its parts sum to {summed}",
        """
        SELECT format('take-back %%s', t.uuid) AS place, t.amount, t.surplus + coalesce(l.amount, 0) AS summed
        FROM invoicing_takeback t
        LEFT JOIN (SELECT take_back_id, sum(amount) AS amount FROM invoicing_takebackline GROUP BY 1) l
            ON l.take_back_id = t.id
        WHERE t.amount <> t.surplus + coalesce(l.amount, 0) ORDER BY t.id
        """,
    ),
    Check(
        "taken_back_part",
        "it says {kept} of it was taken back, the rows sum to {summed}",
        """
        SELECT place, kept, summed FROM (
            SELECT format('part %%s of a payment', r.id) AS place, r.taken_back AS kept,
                   coalesce(b.amount, 0) AS summed
            FROM invoicing_paymentline r
            LEFT JOIN (SELECT payment_line_id AS id, sum(amount) AS amount FROM invoicing_takebackline
                       GROUP BY 1) b ON b.id = r.id
            UNION ALL
            SELECT format('allocation %%s', r.id), r.taken_back, coalesce(b.amount, 0)
            FROM invoicing_creditnoteallocation r
            LEFT JOIN (SELECT allocation_id AS id, sum(amount) AS amount FROM invoicing_takebackline
                       GROUP BY 1) b ON b.id = r.id
            UNION ALL
            SELECT format('part %%s that a note put in', r.id), r.taken_back, coalesce(b.amount, 0)
            FROM invoicing_creditnoteputinline r
            LEFT JOIN (SELECT put_in_line_id AS id, sum(amount) AS amount FROM invoicing_takebackline
                       GROUP BY 1) b ON b.id = r.id
            UNION ALL
            SELECT format('surplus of payment %%s', p.uuid), p.surplus_taken_back, coalesce(b.amount, 0)
            FROM invoicing_payment p
            LEFT JOIN (SELECT payment_id AS id, sum(surplus) AS amount FROM invoicing_takeback
                       GROUP BY 1) b ON b.id = p.id
        ) parts WHERE kept <> summed ORDER BY place
        """,
    ),
    Check(
        "taken_back_entry",
        "it moves {moved} of Available Credits as {wanted}, its entry {entered} of {other} as {kind}",
        """
        SELECT format('take-back %%s', t.uuid) AS place, coalesce(t.moved, 0) AS moved,
               coalesce(e.amount, 0) AS entered, coalesce(o.uuid::text, 'none') AS other,
               coalesce(e.kind, 'none') AS kind, k.wanted
        FROM invoicing_takeback t
        LEFT JOIN invoicing_payment p ON p.id = t.payment_id
        LEFT JOIN invoicing_invoice i ON i.id = p.invoice_id
        LEFT JOIN invoicing_creditnote n ON n.id = t.credit_note_id
        LEFT JOIN (SELECT take_back_id, sum(amount) AS amount FROM invoicing_takebackline
                   WHERE put_in_line_id IS NOT NULL GROUP BY 1) u ON u.take_back_id = t.id
        LEFT JOIN customers_ledgerentry e ON e.id = t.entry_id
        LEFT JOIN customers_creditaccount a ON a.id = e.account_id
        LEFT JOIN customers_organisation o ON o.id = a.organisation_id
        -- The kind of what is undone: a charge of Available Credits, a surplus, what a note put in.
        CROSS JOIN LATERAL (SELECT CASE WHEN t.credit_note_id IS NOT NULL THEN 'credit_note'
                                        WHEN p.method = 'credits' THEN 'charge' ELSE 'top_up' END AS wanted) k
        WHERE coalesce(t.moved, 0) <> CASE WHEN p.method = 'credits' THEN t.amount - t.surplus
                                           ELSE -t.surplus - coalesce(u.amount, 0) END
           OR (t.moved, t.uuid, coalesce(i.organisation_id, n.organisation_id))
              IS DISTINCT FROM (e.amount, coalesce(e.cause_id, t.uuid),
                                coalesce(a.organisation_id, i.organisation_id, n.organisation_id))
           OR e.kind <> k.wanted
        ORDER BY t.id
        """,
    ),
)
