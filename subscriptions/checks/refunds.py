"""What a termination gave back: the refund, the waivers and the notes it holds are those that were applied."""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from customers.checks.names import ENTRIES, ENTRY
from invoicing.checks.names import LINE
from portal.verification import registry
from portal.verification.check import Check
from subscriptions.checks.names import TERMINATION


def _amount(name: str) -> str:
    """Read an amount of the stored quote; what is no amount is NULL, not an error that ends the run."""
    return f"substring(t.quote->>'{name}' from '^-?[0-9]+(?:[.][0-9]+)?$')::numeric"


registry.declare(
    __name__,
    200,
    Check(
        "refund_without_termination",
        "the refund of {amount} belongs to no termination",
        f"""
        SELECT {ENTRY} AS place, e.amount FROM {ENTRIES}
        LEFT JOIN subscriptions_termination t ON t.uuid = e.cause_id
        WHERE e.kind = 'refund' AND t.id IS NULL ORDER BY e.account_id, e.seq
        """,
    ),
    Check(
        "refund_twice",
        "{entries} entries refund it",
        f"""
        SELECT {TERMINATION} AS place, count(*) AS entries
        FROM subscriptions_termination t JOIN customers_ledgerentry e ON e.cause_id = t.uuid
        WHERE e.kind = 'refund' GROUP BY t.id, t.uuid HAVING count(*) > 1 ORDER BY t.id
        """,
    ),
    Check(
        "refund_entry",
        "the termination credited {credited}, its entry moves {moved}",
        # An entry that refunds it, but that it does not know, and an entry it names that is no refund of it.
        f"""
        SELECT {TERMINATION} AS place, coalesce(t.credited, 0) AS credited, coalesce(e.amount, 0) AS moved
        FROM subscriptions_termination t
        LEFT JOIN customers_ledgerentry e ON e.cause_id = t.uuid AND e.kind = 'refund'
        WHERE t.credited IS DISTINCT FROM e.amount
           OR (t.entry_id IS DISTINCT FROM e.id AND NOT EXISTS (
                SELECT 1 FROM customers_ledgerentry x
                WHERE x.id = t.entry_id AND x.cause_id = t.uuid AND x.kind = 'refund'))
        ORDER BY t.id
        """,
    ),
    Check(
        "refund_organisation",
        "the termination is of organisation {ended}, its refund went to {credited}",
        f"""
        SELECT {TERMINATION} AS place, o.uuid AS ended, p.uuid AS credited
        FROM subscriptions_termination t
        JOIN customers_ledgerentry e ON e.cause_id = t.uuid AND e.kind = 'refund'
        JOIN customers_creditaccount a ON a.id = e.account_id
        JOIN customers_organisation o ON o.id = t.organisation_id
        JOIN customers_organisation p ON p.id = a.organisation_id
        WHERE o.id <> p.id ORDER BY t.id
        """,
    ),
    Check(
        "settlement",
        "its settlement is {settlement}, which does not fit the note and the entry it has",
        f"""
        SELECT {TERMINATION} AS place, t.settlement FROM subscriptions_termination t
        WHERE (t.settlement = 'credited') <> (t.entry_id IS NOT NULL)
           OR (t.settlement = 'credited') <> (t.credited IS NOT NULL)
           OR (t.settlement = 'credit_note_linked') <> (t.credit_note_id IS NOT NULL)
           OR (t.settlement <> 'nothing_due' AND t.case <> 'customer_request')
        ORDER BY t.id
        """,
    ),
    Check(
        "quote_total",
        "the preview that was applied says {total}, {credited} was credited",
        f"""
        SELECT {TERMINATION} AS place, coalesce(t.quote->>'total', 'nothing') AS total, t.credited
        FROM subscriptions_termination t
        WHERE t.settlement = 'credited' AND {_amount("total")} IS DISTINCT FROM t.credited
        ORDER BY t.id
        """,
    ),
    Check(
        "refund_charges",
        "refunds of charges sum to {refunded}, less the fee {fee} that is not the {credited} credited",
        f"""
        SELECT {TERMINATION} AS place, coalesce(r.amount, 0) AS refunded, f.fee,
               coalesce(t.credited, 0) AS credited
        FROM subscriptions_termination t
        LEFT JOIN (SELECT cause_id, sum(amount) AS amount FROM invoicing_chargerefund GROUP BY 1) r
            ON r.cause_id = t.uuid
        CROSS JOIN LATERAL (
            SELECT CASE WHEN r.amount IS NULL THEN 0
                        ELSE coalesce({_amount("fee")}, 0) END AS fee) f
        WHERE coalesce(r.amount, 0) - f.fee <> coalesce(t.credited, 0) ORDER BY t.id
        """,
    ),
    Check(
        "waiver_charges",
        "the termination waived {kept}, its waivers sum to {summed}",
        f"""
        SELECT {TERMINATION} AS place, t.waived AS kept, coalesce(w.amount, 0) AS summed
        FROM subscriptions_termination t
        LEFT JOIN (SELECT cause_id, sum(amount) AS amount FROM invoicing_chargewaiver GROUP BY 1) w
            ON w.cause_id = t.uuid
        WHERE t.waived <> coalesce(w.amount, 0) ORDER BY t.id
        """,
    ),
    Check(
        "giveback_without_termination",
        "{amount} was {word} by no termination",
        f"""
        SELECT {LINE} AS place, g.amount, g.word
        FROM (SELECT line_id, amount, cause_id, 'refunded' AS word FROM invoicing_chargerefund
              UNION ALL SELECT line_id, amount, cause_id, 'waived' FROM invoicing_chargewaiver) g
        JOIN invoicing_chargeline l ON l.id = g.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        LEFT JOIN subscriptions_termination t ON t.uuid = g.cause_id
        WHERE t.id IS NULL ORDER BY l.id
        """,
    ),
    Check(
        "giveback_line",
        "it gave back of invoice {number}, line {line}, which charged for another subscription",
        f"""
        SELECT {TERMINATION} AS place, i.number, l.id AS line
        FROM (SELECT line_id, cause_id FROM invoicing_chargerefund
              UNION SELECT line_id, cause_id FROM invoicing_chargewaiver) g
        JOIN subscriptions_termination t ON t.uuid = g.cause_id
        JOIN invoicing_chargeline l ON l.id = g.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        LEFT JOIN subscriptions_cyclecharge h ON h.line_id = l.id
        LEFT JOIN subscriptions_cycle c ON c.id = h.cycle_id
        WHERE c.subscription_id IS DISTINCT FROM t.subscription_id ORDER BY t.id, l.id
        """,
    ),
    Check(
        "hold_settles",
        "the termination links note {linked}, the note that is held as its refund is {held}",
        f"""
        SELECT {TERMINATION} AS place, coalesce(n.number, 'none') AS linked, coalesce(m.number, 'none') AS held
        FROM subscriptions_termination t
        FULL JOIN (SELECT * FROM invoicing_creditnotehold WHERE kind = 'settles') h ON h.cause_id = t.uuid
        LEFT JOIN invoicing_creditnote n ON n.id = t.credit_note_id
        LEFT JOIN invoicing_creditnote m ON m.id = h.credit_note_id
        WHERE t.id IS NOT NULL AND t.credit_note_id IS DISTINCT FROM h.credit_note_id ORDER BY t.id
        """,
    ),
    Check(
        "hold_without_termination",
        "it is held by {cause}, which is no termination",
        """
        SELECT n.number AS place, h.cause_id AS cause
        FROM invoicing_creditnotehold h JOIN invoicing_creditnote n ON n.id = h.credit_note_id
        LEFT JOIN subscriptions_termination t ON t.uuid = h.cause_id
        WHERE t.id IS NULL ORDER BY h.id
        """,
    ),
)
