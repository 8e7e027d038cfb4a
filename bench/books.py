"""What must hold of the money after every night: SQL over the whole database. Each row is a fault, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

# What stands on a charge, taken from the rows that say so, not from the sums that triggers keep.
_PAID = """(
    coalesce((SELECT sum(x.amount - x.taken_back) FROM invoicing_paymentline x WHERE x.line_id = l.id), 0)
    + coalesce((SELECT sum(a.amount - a.taken_back) FROM invoicing_creditnoteallocation a
                WHERE a.line_id = l.id), 0)
)"""
_WAIVED = "coalesce((SELECT sum(w.amount) FROM invoicing_chargewaiver w WHERE w.line_id = l.id), 0)"

STATEMENTS = {
    "no day is charged twice": """
        WITH charged AS (
            SELECT c.subscription_id, g.id, g.add_on_id, g.number_id, g.first_day, g.day_after, i.number
            FROM subscriptions_cyclecharge g JOIN subscriptions_cycle c ON c.id = g.cycle_id
            JOIN invoicing_chargeline l ON l.id = g.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id
            WHERE i.status <> 'void' AND NOT g.is_addition
        )
        SELECT format('subscription %s: %s to %s on %s, %s to %s on %s', s.uuid, a.first_day, a.day_after - 1,
                      a.number, b.first_day, b.day_after - 1, b.number)
        FROM charged a JOIN charged b ON b.subscription_id = a.subscription_id AND b.id > a.id
            AND b.add_on_id IS NOT DISTINCT FROM a.add_on_id AND b.number_id IS NOT DISTINCT FROM a.number_id
            AND b.first_day < a.day_after AND a.first_day < b.day_after
        JOIN subscriptions_subscription s ON s.id = a.subscription_id
    """,
    "opening + top-ups + refunds + notes put in + corrections - charges = balance": """
        WITH moved AS (
            SELECT account_id, sum(amount) FILTER (WHERE kind = 'opening_balance') AS opening,
                   sum(amount) FILTER (WHERE kind = 'top_up') AS topped_up,
                   sum(amount) FILTER (WHERE kind = 'refund') AS refunded,
                   sum(amount) FILTER (WHERE kind = 'credit_note') AS put_in,
                   sum(amount) FILTER (WHERE kind = 'correction') AS corrected,
                   -sum(amount) FILTER (WHERE kind = 'charge') AS charged
            FROM customers_ledgerentry GROUP BY 1
        )
        SELECT format('account of %s: %s + %s + %s + %s + %s - %s is not %s', o.uuid, m.opening, m.topped_up,
                      m.refunded, m.put_in, m.corrected, m.charged, k.balance)
        FROM customers_creditaccount k JOIN customers_organisation o ON o.id = k.organisation_id
        LEFT JOIN moved m ON m.account_id = k.id
        WHERE k.balance <> coalesce(m.opening, 0) + coalesce(m.topped_up, 0) + coalesce(m.refunded, 0)
                           + coalesce(m.put_in, 0) + coalesce(m.corrected, 0) - coalesce(m.charged, 0)
    """,
    "what entries say was charged and refunded is what documents and terminations say": """
        WITH entries AS (
            SELECT k.organisation_id, -sum(e.amount) FILTER (WHERE e.kind = 'charge') AS charged,
                   sum(e.amount) FILTER (WHERE e.kind = 'refund') AS refunded
            FROM customers_ledgerentry e JOIN customers_creditaccount k ON k.id = e.account_id GROUP BY 1
        ), paid AS (
            SELECT i.organisation_id, sum(x.amount - x.taken_back) AS amount FROM invoicing_payment p
            JOIN invoicing_invoice i ON i.id = p.invoice_id JOIN invoicing_paymentline x ON x.payment_id = p.id
            WHERE p.method = 'credits' GROUP BY 1
        ), credited AS (
            SELECT organisation_id, sum(credited) AS amount FROM subscriptions_termination GROUP BY 1
        )
        SELECT format('organisation %s: %s charged and %s paid, %s refunded and %s credited', o.uuid, e.charged,
                      p.amount, e.refunded, t.amount)
        FROM customers_organisation o LEFT JOIN entries e ON e.organisation_id = o.id
        LEFT JOIN paid p ON p.organisation_id = o.id LEFT JOIN credited t ON t.organisation_id = o.id
        WHERE coalesce(e.charged, 0) <> coalesce(p.amount, 0) OR coalesce(e.refunded, 0) <> coalesce(t.amount, 0)
    """,
    "charged = paid + waived + open, and an invoice with nothing open is paid": f"""
        WITH lines AS (
            SELECT l.id, l.invoice_id, l.charged, l.paid, l.waived, {_PAID} AS has_paid, {_WAIVED} AS has_waived
            FROM invoicing_chargeline l
        ), documents AS (
            SELECT invoice_id, sum(charged) AS charged, sum(has_paid) AS paid, sum(has_waived) AS waived,
                   sum(charged - has_paid - has_waived) AS open, min(charged - has_paid - has_waived) AS least,
                   bool_and(paid = has_paid AND waived = has_waived) AS agrees
            FROM lines GROUP BY 1
        )
        SELECT format('invoice %s (%s): %s charged, %s paid, %s waived, %s open, least of a charge %s', i.number,
                      i.status, d.charged, d.paid, d.waived, d.open, d.least)
        FROM documents d JOIN invoicing_invoice i ON i.id = d.invoice_id
        WHERE d.least < 0 OR NOT d.agrees OR i.charged - i.paid - i.waived <> d.open
           OR i.status = 'paid' AND d.open <> 0 OR i.status = 'awaiting_payment' AND d.open = 0
    """,  # noqa: S608 - built from constants
}


def faults(asked: psycopg.Connection[Any]) -> Iterator[str]:
    """Go through what does not hold."""
    for name, statement in STATEMENTS.items():
        for (words,) in asked.execute(statement):
            yield f"{name}: {words}"
