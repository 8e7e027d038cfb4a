"""Write new cycles with the invoices, charges and payments they were billed by, and new credit notes."""

from __future__ import annotations

from subscriptions.imports import series

CYCLES = (
    """
    CREATE TEMPORARY TABLE new_cycles ON COMMIT DROP AS
    SELECT c.*, k.id AS owner_id, k.organisation_id, p.name AS plan,
           nextval('subscriptions_cycle_id_seq') AS cycle_id,
           nextval('invoicing_chargeline_id_seq') AS charge_id,
           CASE WHEN c.activation_fee > 0
                THEN nextval('invoicing_chargeline_id_seq') END AS fee_id
    FROM (SELECT * FROM all_cycles WHERE known_id IS NULL ORDER BY line) c
    JOIN subscriptions_subscription k ON k.uuid = c.subscription_uuid
    JOIN subscriptions_plan p ON p.id = k.plan_id
    """,
    "ANALYZE new_cycles",
    """
    INSERT INTO subscriptions_cycle (id, subscription_id, first_day, day_after, months, row_sha256)
    SELECT cycle_id, owner_id, starts_on, day_after, months, sha256
    FROM new_cycles ORDER BY line
    """,
    """
    CREATE TEMPORARY TABLE new_invoices ON COMMIT DROP AS
    SELECT invoice_number, min(line) AS line, min(organisation_id) AS organisation_id, min(currency) AS currency,
           max(invoice_issued_on) AS issued_on, min(starts_on) AS starts_on, min(today) AS today,
           sum(net + tax + activation_fee) AS charged, sum(paid + activation_fee) AS paid
    FROM new_cycles GROUP BY invoice_number
    """,
    "ANALYZE new_invoices",
    # Rows of one invoice may come in more than one import. What is paid is written at once, on the invoice and its
    # charges, so that the payments below find sums that are right.
    """
    UPDATE invoicing_invoice i
    SET charged = i.charged + n.charged, paid = i.paid + n.paid, issued_on = coalesce(i.issued_on, n.issued_on),
        status = CASE WHEN i.charged + n.charged = i.paid + n.paid + i.waived
                      THEN 'paid' ELSE 'awaiting_payment' END
    FROM new_invoices n WHERE i.number = n.invoice_number
    """,
    """
    INSERT INTO invoicing_invoice
        (uuid, number, organisation_id, currency, kind, status, issued_on, created_at, charged, paid, waived)
    SELECT gen_random_uuid(), n.invoice_number, n.organisation_id, n.currency, 'tax',
           CASE WHEN n.charged = n.paid THEN 'paid' ELSE 'awaiting_payment' END, n.issued_on, r.at, n.charged,
           n.paid, 0
    FROM new_invoices n CROSS JOIN import_run r
    WHERE NOT EXISTS (SELECT FROM invoicing_invoice i WHERE i.number = n.invoice_number)
    ORDER BY n.line
    """,
    """
    INSERT INTO invoicing_chargeline
        (id, invoice_id, currency, kind, description, net, tax, paid, noted, waived, refunded)
    SELECT c.id, i.id, n.currency, c.kind, c.description, c.net, c.tax, c.paid, 0, 0, 0
    FROM new_cycles n
    JOIN invoicing_invoice i ON i.number = n.invoice_number
    CROSS JOIN LATERAL (VALUES
        (n.charge_id, 'plan', n.plan || ', ' || to_char(n.starts_on, 'FMDD FMMonth YYYY') || ' to '
                              || to_char(n.day_after - 1, 'FMDD FMMonth YYYY'), n.net, n.tax, n.paid),
        (n.fee_id, 'activation_fee', 'Activation fee', n.activation_fee, 0, n.activation_fee))
        c (id, kind, description, net, tax, paid)
    WHERE c.id IS NOT NULL ORDER BY c.id
    """,
    """
    INSERT INTO subscriptions_cyclecharge (cycle_id, line_id, first_day, day_after, is_external_invoice)
    SELECT cycle_id, charge_id, starts_on, day_after, external_invoice FROM new_cycles ORDER BY line
    """,
    # One payment of each invoice: what is known is that it was paid, not how often.
    """
    CREATE TEMPORARY TABLE new_payments ON COMMIT DROP AS
    SELECT p.*, nextval('invoicing_payment_id_seq') AS payment_id FROM (
        SELECT i.id AS invoice_id, i.number, i.currency, n.paid AS amount,
               least(coalesce(i.issued_on, n.starts_on), n.today) AS received_on
        FROM new_invoices n JOIN invoicing_invoice i ON i.number = n.invoice_number
        WHERE n.paid > 0 ORDER BY i.id
    ) p
    """,
    """
    INSERT INTO invoicing_payment
        (id, uuid, invoice_id, currency, amount, method, received_on, reference, created_at, actor)
    SELECT p.payment_id, gen_random_uuid(), p.invoice_id, p.currency, p.amount, 'imported', p.received_on, '',
           r.at, r.actor
    FROM new_payments p CROSS JOIN import_run r ORDER BY p.payment_id
    """,
    """
    INSERT INTO invoicing_paymentline (payment_id, line_id, currency, amount)
    SELECT p.payment_id, c.line_id, p.currency, c.amount
    FROM new_cycles n JOIN new_payments p ON p.number = n.invoice_number
    CROSS JOIN LATERAL (VALUES (n.charge_id, n.paid), (n.fee_id, n.activation_fee)) c (line_id, amount)
    WHERE c.line_id IS NOT NULL AND c.amount > 0 ORDER BY c.line_id
    """,
    # A known subscription lives longer with its new cycles.
    """
    UPDATE subscriptions_subscription k
    SET expires_on = c.last_day, status = CASE WHEN c.last_day >= c.today THEN 'active' ELSE 'expired' END
    FROM (SELECT n.subscription_id, min(n.today) AS today,
                 (SELECT max(c.day_after) - 1 FROM subscriptions_cycle c
                  WHERE c.subscription_id = n.subscription_id) AS last_day
          FROM new_cycles n WHERE n.subscription_id IS NOT NULL GROUP BY n.subscription_id) c
    WHERE k.id = c.subscription_id
    """,
)

CREDIT_NOTES = (
    """
    CREATE TEMPORARY TABLE new_notes ON COMMIT DROP AS
    SELECT n.*, coalesce(n.line_id, c.charge_id) AS charge_id
    FROM all_credit_notes n
    LEFT JOIN new_cycles c ON c.subscription_uuid = n.subscription_uuid AND c.starts_on = n.cycle_starts_on
    WHERE n.known_id IS NULL
    """,
    """
    INSERT INTO invoicing_creditnote
        (uuid, number, organisation_id, invoice_id, currency, status, reason, net, tax, allocated,
         allocated_outside, holds, issued_on, sent_at, created_at, row_sha256)
    SELECT gen_random_uuid(), n.number, o.id, l.invoice_id, o.currency, n.status, '', n.net, n.tax, a.amount,
           a.amount, 0, n.issued_on,
           CASE WHEN n.status IN ('sent', 'applied')
                THEN least(coalesce(n.issued_on::timestamp AT TIME ZONE 'UTC', r.at), r.at) END,
           r.at, n.sha256
    FROM new_notes n
    JOIN customers_organisation o ON o.uuid = n.organisation_uuid
    LEFT JOIN invoicing_chargeline l ON l.id = n.charge_id
    CROSS JOIN LATERAL (SELECT CASE WHEN n.status = 'applied' THEN n.net + n.tax ELSE 0 END AS amount) a
    CROSS JOIN import_run r
    ORDER BY n.line
    """,
    """
    INSERT INTO invoicing_creditnoteline (credit_note_id, line_id, currency, description, net, tax)
    SELECT k.id, n.charge_id, k.currency, coalesce(l.description, ''), n.net, n.tax
    FROM new_notes n
    JOIN invoicing_creditnote k ON k.number = n.number
    LEFT JOIN invoicing_chargeline l ON l.id = n.charge_id
    ORDER BY n.line
    """,
    series.begin_above("invoice", "new_cycles", "invoice_number"),
    series.begin_above("credit_note", "new_notes", "number"),
    """
    SELECT portal_sort_in(name::regclass)
    FROM unnest(ARRAY['organisation_reference_parts', 'contract_reference_parts', 'invoice_number_parts',
                      'note_number_parts']) name
    """,
)
