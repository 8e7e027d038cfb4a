"""What must hold between the rows of cycles.csv and others, staged or known."""

from __future__ import annotations

from portal.importing import values
from portal.importing.shapes import Check
from subscriptions.imports import files
from subscriptions.imports.series import beyond_series

_SPAN = "to_char({0}.starts_on, 'YYYY-MM-DD'), to_char({0}.day_after - 1, 'YYYY-MM-DD')"

CHECKS = (
    Check(
        files.CYCLES,
        "subscription_uuid",
        """
        SELECT line, format('the subscription was terminated on %s and never changes again, '
                            'expected no further cycle', terminated_on)
        FROM all_cycles WHERE known_id IS NULL AND subscription_id IS NOT NULL AND is_terminated
        """,
    ),
    Check(
        files.CYCLES,
        "starts_on",
        """
        SELECT line, format('%s is before the subscription started, expected %s or later', starts_on, started_on)
        FROM all_cycles WHERE known_id IS NULL AND starts_on < started_on AND subscription_line IS NULL
        """,
    ),
    Check(
        files.CYCLES,
        "starts_on",
        """
        SELECT line, format('%s is not on the anchor day, expected day %s of the month%s', starts_on, anchor,
                            CASE WHEN anchor > 28 THEN ', or the last day of a shorter one' ELSE '' END)
        FROM all_cycles
        WHERE known_id IS NULL AND extract(day FROM starts_on) <> least(anchor, extract(day FROM
              date_trunc('month', starts_on::timestamp) + interval '1 month - 1 day'))
          AND anchor IS NOT NULL
        """,
    ),
    Check(
        files.CYCLES,
        "months",
        f"""
        SELECT line, format('the cycle ends on %s, expected {values.LATEST_END} or earlier', day_after - 1)
        FROM all_cycles WHERE known_id IS NULL AND day_after - 1 > '{values.LATEST_END}'
        """,  # noqa: S608
    ),
    Check(
        files.CYCLES,
        "starts_on",
        f"""
        SELECT c.line, format('overlaps the cycle of line %s (%s to %s), expected cycles that share no day',
                              e.line, {_SPAN.format("e")})
        FROM (SELECT DISTINCT subscription_uuid FROM (
                SELECT subscription_uuid, starts_on,
                       max(day_after) OVER (PARTITION BY subscription_uuid ORDER BY starts_on, line
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_end
                FROM all_cycles WHERE known_id IS NULL) w
              WHERE starts_on < earlier_end) suspect
        JOIN all_cycles c USING (subscription_uuid)
        CROSS JOIN LATERAL (
            SELECT e.line, e.starts_on, e.day_after FROM all_cycles e
            WHERE e.subscription_uuid = c.subscription_uuid AND e.line < c.line AND e.known_id IS NULL
              AND e.starts_on <> c.starts_on AND e.starts_on < c.day_after AND c.starts_on < e.day_after
            ORDER BY e.line LIMIT 1
        ) e
        WHERE c.known_id IS NULL
        """,  # noqa: S608
    ),
    Check(
        files.CYCLES,
        "starts_on",
        """
        SELECT c.line, format('overlaps the cycle %s to %s that the portal has%s, '
                              'expected cycles that share no day',
                              k.first_day, k.day_after - 1, ' (line ' || min(e.line) || ')')
        FROM all_cycles c
        JOIN subscriptions_cycle k ON k.subscription_id = c.subscription_id
             AND k.first_day < c.day_after AND c.starts_on < k.day_after AND k.first_day <> c.starts_on
        LEFT JOIN all_cycles e ON e.known_id = k.id
        WHERE c.known_id IS NULL
        GROUP BY c.line, k.id
        """,
    ),
    Check(
        files.CYCLES,
        "invoice_number",
        """
        SELECT line, format('"%s" is the invoice of another organisation in line %s, expected one organisation',
                            invoice_number, first_line)
        FROM (SELECT line, invoice_number, organisation_uuid,
                     first_value(line) OVER w AS first_line, first_value(organisation_uuid) OVER w AS first_uuid
              FROM all_cycles
              WHERE known_id IS NULL AND invoice_number IS NOT NULL AND organisation_uuid IS NOT NULL
              WINDOW w AS (PARTITION BY invoice_number ORDER BY line)) f
        WHERE organisation_uuid <> first_uuid
        """,
    ),
    Check(
        files.CYCLES,
        "invoice_number",
        """
        SELECT c.line, format('"%s" %s, expected another number', c.invoice_number,
                CASE WHEN i.series_id IS NOT NULL THEN 'is an invoice that the portal made'
                     WHEN o.uuid <> c.organisation_uuid THEN 'is an invoice of another organisation'
                     ELSE 'is an invoice that is ' || i.status END)
        FROM all_cycles c
        JOIN invoicing_invoice i ON i.number = c.invoice_number
        JOIN customers_organisation o ON o.id = i.organisation_id
        WHERE c.known_id IS NULL AND (i.series_id IS NOT NULL OR o.uuid <> c.organisation_uuid
                                      OR i.status IN ('draft', 'void'))
        """,
    ),
    Check(
        files.CYCLES,
        "invoice_number",
        beyond_series("all_cycles", "invoice_number", "invoice"),
    ),
    Check(
        files.CYCLES,
        "invoice_number",
        f"""
        SELECT line, format('the invoice "%s" adds up to more than any amount, expected at most {files.LARGEST}',
                            invoice_number)
        FROM (SELECT c.line, c.invoice_number, coalesce(i.charged, 0)
                     + sum(c.net + c.tax + c.activation_fee) OVER (PARTITION BY c.invoice_number ORDER BY c.line)
                     AS charged
              FROM all_cycles c LEFT JOIN invoicing_invoice i ON i.number = c.invoice_number
              WHERE c.known_id IS NULL) s
        WHERE charged > {files.LARGEST}
        """,  # noqa: S608
    ),
    # No end, refund or correction of an organisation can then come to more than its account holds.
    Check(
        files.CYCLES,
        "net",
        f"""
        WITH new AS (
            SELECT organisation_uuid, sum(net + tax + activation_fee) AS charged
            FROM all_cycles WHERE known_id IS NULL AND organisation_uuid IS NOT NULL GROUP BY 1
        ), invoiced AS (
            SELECT i.organisation_id, sum(i.charged) AS charged FROM invoicing_invoice i
            WHERE i.organisation_id = ANY(ARRAY(
                SELECT a.id FROM new JOIN all_organisations a ON a.uuid = new.organisation_uuid
                WHERE a.id IS NOT NULL))
            GROUP BY 1
        ), held AS (
            SELECT n.organisation_uuid,
                   coalesce(abs(k.balance) + k.credit_limit, abs(s.opening_balance) + s.credit_limit, 0)
                   + coalesce(i.charged, 0) AS amount, n.charged
            FROM new n JOIN all_organisations a ON a.uuid = n.organisation_uuid
            LEFT JOIN customers_creditaccount k ON k.organisation_id = a.id
            LEFT JOIN import_organisations s ON s.line = a.line
            LEFT JOIN invoiced i ON i.organisation_id = a.id
        )
        SELECT line, format('with this row balance, credit limit and charges of the organisation %s come to %s, '
                            'expected less than {files.MOST_OF_ALL:,}', organisation_uuid, trim_scale(total))
        FROM (SELECT c.line, c.organisation_uuid, c.net + c.tax + c.activation_fee AS own,
                     h.amount + sum(c.net + c.tax + c.activation_fee)
                                OVER (PARTITION BY c.organisation_uuid ORDER BY c.line) AS total
              FROM all_cycles c JOIN held h USING (organisation_uuid)
              WHERE c.known_id IS NULL AND h.amount + h.charged >= {files.MOST_OF_ALL}) s
        WHERE total >= {files.MOST_OF_ALL} AND total - own < {files.MOST_OF_ALL}
        """,  # noqa: S608
    ),
    Check(
        files.CYCLES,
        "invoice_issued_on",
        """
        SELECT line, format('%s differs from %s, the date of invoice "%s" in line %s, expected one date',
                            invoice_issued_on, first_on, invoice_number, first_line)
        FROM (SELECT line, invoice_number, invoice_issued_on,
                     first_value(line) OVER w AS first_line, first_value(invoice_issued_on) OVER w AS first_on
              FROM all_cycles
              WHERE known_id IS NULL AND invoice_number IS NOT NULL AND invoice_issued_on IS NOT NULL
              WINDOW w AS (PARTITION BY invoice_number ORDER BY line)) f
        WHERE invoice_issued_on <> first_on
        """,
    ),
    Check(
        files.CYCLES,
        "invoice_issued_on",
        """
        SELECT c.line, format('%s differs from %s, the date of invoice "%s" in the portal, expected one date',
                              c.invoice_issued_on, i.issued_on, i.number)
        FROM all_cycles c JOIN invoicing_invoice i ON i.number = c.invoice_number
        WHERE c.known_id IS NULL AND c.invoice_issued_on <> i.issued_on
        """,
    ),
)
