"""What must hold between the rows of credit_notes.csv and others, staged or known."""

from __future__ import annotations

from portal.importing.shapes import Check
from subscriptions.imports import files
from subscriptions.imports.series import beyond_series

CHECKS = (
    Check(
        files.CREDIT_NOTES,
        "number",
        beyond_series("all_credit_notes", "number", "credit_note"),
    ),
    Check(
        files.CREDIT_NOTES,
        "subscription_uuid",
        """
        SELECT line, format('"%s" is a subscription of another organisation, expected one of its own',
                            subscription_uuid)
        FROM all_credit_notes WHERE known_id IS NULL AND owner_uuid <> organisation_uuid
        """,
    ),
    Check(
        files.CREDIT_NOTES,
        "cycle_starts_on",
        """
        SELECT line, format('the subscription has no cycle that begins on %s, expected the first day of one',
                            cycle_starts_on)
        FROM all_credit_notes
        WHERE known_id IS NULL AND found_uuid IS NOT NULL AND cycle_starts_on IS NOT NULL AND NOT cycle_found
        """,
        needs=(files.CYCLES,),
    ),
    Check(
        files.CREDIT_NOTES,
        "cycle_starts_on",
        """
        SELECT line, 'the cycle was invoiced to another organisation, expected an invoice of its own'
        FROM all_credit_notes
        WHERE known_id IS NULL AND owner_uuid = organisation_uuid AND charged_uuid <> organisation_uuid
        """,
    ),
    Check(
        files.CREDIT_NOTES,
        "net",
        """
        SELECT line, format('with this note %s is given back of the cycle%s, expected at most the %s '
                            'it was charged',
                            given, CASE WHEN first_line < line
                                        THEN format(' (since line %s)', first_line) ELSE '' END, charged)
        FROM (SELECT line, charged, net + tax AS amount, first_value(line) OVER w AS first_line,
                     given_back + sum(net + tax) OVER w AS given
              FROM all_credit_notes
              WHERE known_id IS NULL AND status IN ('sent', 'applied') AND charged IS NOT NULL
              WINDOW w AS (PARTITION BY subscription_uuid, cycle_starts_on ORDER BY line)) n
        WHERE given > charged AND amount > 0
        """,
    ),
    # What was mended by corrections: together with notes, waivers and refunds they stay within what was charged.
    Check(
        files.CREDIT_NOTES,
        "net",
        """
        SELECT line, format('with this note and the corrections of its termination %s is given back of the '
                            'subscription, expected at most the %s it was charged',
                            trim_scale(given), trim_scale(charged))
        FROM (SELECT n.line, g.charged, n.net + n.tax AS amount,
                     g.back + k.corrected
                         + sum(n.net + n.tax) OVER (PARTITION BY n.found_uuid ORDER BY n.line) AS given
              FROM all_credit_notes n
              JOIN subscriptions_subscription s ON s.uuid = n.found_uuid
              JOIN subscriptions_termination t ON t.subscription_id = s.id
              JOIN LATERAL (SELECT sum(e.amount) AS corrected FROM customers_ledgerentry e
                            WHERE e.cause_id = t.uuid AND e.kind = 'correction') k ON k.corrected <> 0
              CROSS JOIN LATERAL (
                  SELECT coalesce(sum(l.net + l.tax), 0) AS charged,
                         coalesce(sum(l.noted + l.waived + l.refunded), 0) AS back
                  FROM subscriptions_cycle c
                  JOIN subscriptions_cyclecharge cc ON cc.cycle_id = c.id
                  JOIN invoicing_chargeline l ON l.id = cc.line_id
                  JOIN invoicing_invoice i ON i.id = l.invoice_id
                  WHERE c.subscription_id = s.id AND i.status NOT IN ('draft', 'void')) g
              WHERE n.known_id IS NULL AND n.status IN ('sent', 'applied')) n
        WHERE given > charged AND amount > 0
        """,
    ),
)
