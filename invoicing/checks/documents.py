"""What charges, invoices, payments and credit notes carry as sums and status is what their parts make."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from invoicing.checks.names import LINE
from portal.verification import registry
from portal.verification.check import Check

_LINES = "invoicing_chargeline l JOIN invoicing_invoice i ON i.id = l.invoice_id"
_COUNTED_NOTE = "n.status IN ('sent', 'partly_applied', 'applied')"


def _line_sum(kind: str, column: str, *, what: str, rows: str) -> Check:
    """Compare a sum that a charge carries with the rows it sums (`rows` gives line_id and amount)."""
    return Check(
        kind=kind,
        says=f"the charge says {{kept}} {what}, its rows sum to {{summed}}",
        sql=f"""
            SELECT {LINE} AS place, l.{column} AS kept, coalesce(r.amount, 0) AS summed
            FROM {_LINES}
            LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM ({rows}) b GROUP BY line_id) r ON r.line_id = l.id
            WHERE l.{column} <> coalesce(r.amount, 0)
            ORDER BY l.id
        """,
    )


registry.declare(
    __name__,
    300,
    _line_sum(
        "charge_paid",
        "paid",
        what="is paid",
        rows="SELECT line_id, amount - taken_back AS amount FROM invoicing_paymentline "
        "UNION ALL SELECT line_id, amount - taken_back FROM invoicing_creditnoteallocation",
    ),
    _line_sum(
        "charge_noted",
        "noted",
        what="is given back by notes",
        rows="SELECT r.line_id, r.net + r.tax AS amount FROM invoicing_creditnoteline r "
        f"JOIN invoicing_creditnote n ON n.id = r.credit_note_id WHERE r.line_id IS NOT NULL AND {_COUNTED_NOTE} "
        "UNION ALL SELECT line_id, amount FROM invoicing_creditnotestand",
    ),
    _line_sum(
        "charge_waived", "waived", what="is waived", rows="SELECT line_id, amount FROM invoicing_chargewaiver"
    ),
    _line_sum(
        "charge_refunded", "refunded", what="is refunded", rows="SELECT line_id, amount FROM invoicing_chargerefund"
    ),
    _line_sum(
        "charge_put_in",
        "put_in",
        what="is put into Available Credits by notes",
        rows="SELECT line_id, amount - taken_back AS amount FROM invoicing_creditnoteputinline "
        "WHERE line_id IS NOT NULL",
    ),
    Check(
        "charge_caps",
        "charged {charged}: notes {noted}, waived {waived}, refunded {refunded}, put in {put_in} and paid {paid} "
        "do not fit in it",
        f"""
        SELECT {LINE} AS place, l.net + l.tax AS charged, l.noted, l.waived, l.refunded, l.put_in, l.paid
        FROM {_LINES}
        WHERE l.noted + l.waived + l.refunded > l.net + l.tax OR l.paid + l.waived > l.net + l.tax
           OR l.refunded + l.put_in > l.paid
        ORDER BY l.id
        """,
    ),
    Check(
        "invoice_sums",
        "the invoice says {charged} charged, {paid} paid, {waived} waived; its lines say {lines}",
        """
        SELECT i.number AS place, i.charged, i.paid, i.waived,
               format('%%s, %%s and %%s', trim_scale(coalesce(l.charged, 0)), trim_scale(coalesce(l.paid, 0)),
                      trim_scale(coalesce(l.waived, 0))) AS lines
        FROM invoicing_invoice i
        LEFT JOIN (SELECT invoice_id, sum(net + tax) AS charged, sum(paid) AS paid, sum(waived) AS waived
                   FROM invoicing_chargeline GROUP BY 1) l ON l.invoice_id = i.id
        WHERE (i.charged, i.paid, i.waived)
              <> (coalesce(l.charged, 0), coalesce(l.paid, 0), coalesce(l.waived, 0))
        ORDER BY i.id
        """,
    ),
    Check(
        "invoice_status",
        "its status is {status}, and {open} is open",
        """
        SELECT i.number AS place, i.status, i.charged - i.paid - i.waived AS open FROM invoicing_invoice i
        WHERE (i.status = 'paid' AND i.charged <> i.paid + i.waived)
           OR (i.status = 'awaiting_payment' AND i.charged <= i.paid + i.waived)
           OR (i.status IN ('draft', 'void') AND (i.paid, i.waived) <> (0, 0))
        ORDER BY i.id
        """,
    ),
    Check(
        "payment_sum",
        "the payment is {amount}, its parts and what went into Available Credits sum to {summed}",
        """
        SELECT format('payment %%s', p.uuid) AS place, p.amount, coalesce(l.amount, 0) + p.surplus AS summed
        FROM invoicing_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM invoicing_paymentline GROUP BY 1) l
            ON l.payment_id = p.id
        WHERE p.amount <> coalesce(l.amount, 0) + p.surplus ORDER BY p.id
        """,
    ),
    Check(
        "payment_invoice",
        "it pays a line of {other}",
        """
        SELECT format('payment %%s', p.uuid) AS place, i.number AS other
        FROM invoicing_paymentline r JOIN invoicing_payment p ON p.id = r.payment_id
        JOIN invoicing_chargeline l ON l.id = r.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE l.invoice_id <> p.invoice_id ORDER BY r.id
        """,
    ),
    Check(
        "note_sums",
        "the note says {net} net and {tax} tax, its lines {lines_net} and {lines_tax}",
        """
        SELECT n.number AS place, n.net, n.tax, coalesce(l.net, 0) AS lines_net, coalesce(l.tax, 0) AS lines_tax
        FROM invoicing_creditnote n
        LEFT JOIN (SELECT credit_note_id, sum(net) AS net, sum(tax) AS tax FROM invoicing_creditnoteline
                   GROUP BY 1) l ON l.credit_note_id = n.id
        WHERE (n.net, n.tax) <> (coalesce(l.net, 0), coalesce(l.tax, 0)) ORDER BY n.id
        """,
    ),
    Check(
        "note_allocated",
        "the note says {kept} is allocated, its allocations, what it put in and {outside} outside sum to {summed}",
        """
        SELECT n.number AS place, n.allocated AS kept, n.allocated_outside AS outside,
               n.allocated_outside + coalesce(l.amount, 0) AS summed
        FROM invoicing_creditnote n
        LEFT JOIN (SELECT credit_note_id, sum(amount) AS amount
                   FROM (SELECT credit_note_id, amount - taken_back AS amount FROM invoicing_creditnoteallocation
                         UNION ALL SELECT u.credit_note_id, i.amount - i.taken_back
                         FROM invoicing_creditnoteputinline i
                         JOIN invoicing_creditnoteputin u ON u.id = i.put_in_id) p
                   GROUP BY 1) l ON l.credit_note_id = n.id
        WHERE n.allocated <> n.allocated_outside + coalesce(l.amount, 0) ORDER BY n.id
        """,
    ),
    Check(
        "note_status",
        "its status is {status}, {allocated} of {total} is allocated, {holds} terminations hold it",
        """
        SELECT n.number AS place, n.status, n.allocated, n.net + n.tax AS total, n.holds
        FROM invoicing_creditnote n
        WHERE NOT CASE n.status
                WHEN 'applied' THEN n.allocated = n.net + n.tax
                WHEN 'partly_applied' THEN n.allocated > 0 AND n.allocated < n.net + n.tax
                WHEN 'sent' THEN n.allocated = 0
                ELSE n.allocated = 0 AND n.holds = 0 END
        ORDER BY n.id
        """,
    ),
)
