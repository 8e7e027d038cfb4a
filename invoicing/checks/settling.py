"""What notes do as refunds: the charges they stand for, and what they put into Available Credits."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from invoicing.checks.names import LINE
from portal.verification import registry
from portal.verification.check import Check

_LINES = "invoicing_chargeline l JOIN invoicing_invoice i ON i.id = l.invoice_id"

registry.declare(
    __name__,
    210,
    Check(
        "hold_count",
        "the note counts {kept} holds, there are {counted}",
        """
        SELECT n.number AS place, n.holds AS kept, coalesce(h.counted, 0) AS counted
        FROM invoicing_creditnote n
        LEFT JOIN (SELECT credit_note_id, count(*) AS counted FROM invoicing_creditnotehold GROUP BY 1) h
            ON h.credit_note_id = n.id
        WHERE n.holds <> coalesce(h.counted, 0) ORDER BY n.id
        """,
    ),
)

registry.declare(
    __name__,
    310,
    Check(
        "stand_without_hold",
        "note {number} stands for {amount} of it, but is not held as the refund of the termination that it names",
        f"""
        SELECT {LINE} AS place, n.number, r.amount
        FROM invoicing_creditnotestand r JOIN invoicing_creditnote n ON n.id = r.credit_note_id
        JOIN {_LINES} ON l.id = r.line_id
        LEFT JOIN invoicing_creditnotehold h
            ON h.credit_note_id = r.credit_note_id AND h.cause_id = r.cause_id AND h.kind = 'settles'
        WHERE h.id IS NULL ORDER BY r.id
        """,
    ),
    Check(
        "stand_above_note",
        "it names {named} and stands for {stands}, which is above its total of {total}",
        """
        SELECT n.number AS place, coalesce(l.named, 0) AS named, r.stands, n.net + n.tax AS total
        FROM (SELECT credit_note_id, sum(amount) AS stands FROM invoicing_creditnotestand GROUP BY 1) r
        JOIN invoicing_creditnote n ON n.id = r.credit_note_id
        LEFT JOIN (SELECT credit_note_id, sum(net + tax) AS named FROM invoicing_creditnoteline
                   WHERE line_id IS NOT NULL GROUP BY 1) l ON l.credit_note_id = n.id
        WHERE coalesce(l.named, 0) + r.stands > n.net + n.tax ORDER BY n.id
        """,
    ),
    Check(
        "put_in_sum",
        "it put {amount} into Available Credits, its parts sum to {summed}",
        """
        SELECT n.number AS place, p.amount, coalesce(l.amount, 0) AS summed
        FROM invoicing_creditnoteputin p JOIN invoicing_creditnote n ON n.id = p.credit_note_id
        LEFT JOIN (SELECT put_in_id, sum(amount) AS amount FROM invoicing_creditnoteputinline GROUP BY 1) l
            ON l.put_in_id = p.id
        WHERE p.amount <> coalesce(l.amount, 0) ORDER BY p.id
        """,
    ),
    Check(
        "put_in_entry",
        "it put {amount} into Available Credits, its entry moves {moved} of organisation {other}",
        # Of another kind, another amount, another cause or another customer.
        """
        SELECT n.number AS place, p.amount, coalesce(e.amount, 0) AS moved, coalesce(o.uuid::text, 'none') AS other
        FROM invoicing_creditnoteputin p JOIN invoicing_creditnote n ON n.id = p.credit_note_id
        LEFT JOIN customers_ledgerentry e ON e.id = p.entry_id
        LEFT JOIN customers_creditaccount a ON a.id = e.account_id
        LEFT JOIN customers_organisation o ON o.id = a.organisation_id
        WHERE (e.kind, e.amount, e.cause_id, a.organisation_id)
              IS DISTINCT FROM ('credit_note', p.amount, p.uuid, n.organisation_id) ORDER BY p.id
        """,
    ),
    Check(
        "put_in_missing",
        "it is of the kind credit note, but no note put it in",
        """
        SELECT format('organisation %%s, entry %%s', o.uuid, e.seq) AS place
        FROM customers_ledgerentry e
        JOIN customers_creditaccount a ON a.id = e.account_id
        JOIN customers_organisation o ON o.id = a.organisation_id
        LEFT JOIN invoicing_creditnoteputin p ON p.entry_id = e.id
        LEFT JOIN invoicing_takeback t ON t.entry_id = e.id
        WHERE e.kind = 'credit_note' AND p.id IS NULL AND t.id IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
    Check(
        "put_in_line",
        "{amount} was put in by note {number}, which gives back {given} of it",
        f"""
        SELECT {LINE} AS place, sum(r.amount - r.taken_back) AS amount, n.number, coalesce(min(g.given), 0) AS given
        FROM invoicing_creditnoteputinline r JOIN invoicing_creditnoteputin p ON p.id = r.put_in_id
        JOIN invoicing_creditnote n ON n.id = p.credit_note_id
        JOIN {_LINES} ON l.id = r.line_id
        LEFT JOIN (SELECT credit_note_id, line_id, sum(given) AS given
                   FROM (SELECT credit_note_id, line_id, net + tax AS given FROM invoicing_creditnoteline
                         UNION ALL SELECT credit_note_id, line_id, amount FROM invoicing_creditnotestand) b
                   GROUP BY 1, 2) g ON g.credit_note_id = p.credit_note_id AND g.line_id = r.line_id
        GROUP BY l.id, i.number, n.id, n.number HAVING sum(r.amount - r.taken_back) > coalesce(min(g.given), 0)
        ORDER BY l.id, n.id
        """,
    ),
)
