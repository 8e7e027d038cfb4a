"""Write new cycles with the invoices, charges and payments they were billed by, and new credit notes."""

from __future__ import annotations

from invoicing import writer as invoicing_writer
from subscriptions import writer

CYCLES = (
    """
    CREATE TEMPORARY TABLE new_cycles ON COMMIT DROP AS
    SELECT c.*, nextval('subscriptions_cycle_id_seq') AS cycle_id,
           nextval('invoicing_chargeline_id_seq') AS charge_id,
           CASE WHEN c.activation_fee > 0
                THEN nextval('invoicing_chargeline_id_seq') END AS fee_id
    FROM (SELECT c.*, k.id AS owner_id, k.organisation_id, p.name AS plan
          FROM all_cycles c
          JOIN subscriptions_subscription k ON k.uuid = c.subscription_uuid
          JOIN subscriptions_plan p ON p.id = k.plan_id
          WHERE c.known_id IS NULL ORDER BY c.line) c
    """,
    "ANALYZE new_cycles",
    writer.CYCLES.over("""(
    SELECT cycle_id AS id, owner_id AS subscription_id, starts_on AS first_day, day_after, months,
           sha256 AS row_sha256
    FROM new_cycles ORDER BY line)"""),
    """
    CREATE TEMPORARY TABLE new_invoices ON COMMIT DROP AS
    SELECT invoice_number AS number, min(line) AS line, min(organisation_id) AS organisation_id,
           min(currency) AS currency, max(invoice_issued_on) AS issued_on, min(starts_on) AS starts_on,
           min(today) AS today, sum(net + tax + activation_fee) AS charged, sum(paid + activation_fee) AS paid
    FROM new_cycles GROUP BY invoice_number
    """,
    "ANALYZE new_invoices",
    # Rows of one invoice may come in more than one import. What is paid is written at once, on the invoice and its
    # charges, so that the payments below find sums that are right.
    invoicing_writer.charge_more("new_invoices"),
    invoicing_writer.INVOICES.over(f"""(
    SELECT gen_random_uuid() AS uuid, n.number, n.organisation_id, n.currency, 'tax' AS kind, n.issued_on,
           r.at AS created_at, n.charged, n.paid,
           {invoicing_writer.INVOICES.nothing("id", "series_id", "sequence_number", "status")}
    FROM new_invoices n CROSS JOIN import_run r
    WHERE NOT EXISTS (SELECT FROM invoicing_invoice i WHERE i.number = n.number)
    ORDER BY n.line)"""),  # noqa: S608 - columns of the shape
    invoicing_writer.CHARGE_LINES.over("""(
    SELECT c.id, i.id AS invoice_id, n.currency, c.kind, c.description, c.net, c.tax, c.paid
    FROM new_cycles n
    JOIN invoicing_invoice i ON i.number = n.invoice_number
    CROSS JOIN LATERAL (VALUES
        (n.charge_id, 'plan', n.plan || ', ' || to_char(n.starts_on, 'FMDD FMMonth YYYY') || ' to '
                              || to_char(n.day_after - 1, 'FMDD FMMonth YYYY'), n.net, n.tax, n.paid),
        (n.fee_id, 'activation_fee', 'Activation fee', n.activation_fee, 0, n.activation_fee))
        c (id, kind, description, net, tax, paid)
    WHERE c.id IS NOT NULL ORDER BY c.id)"""),
    writer.CYCLE_CHARGES.over(f"""(
    SELECT cycle_id, charge_id AS line_id, starts_on AS first_day, day_after,
           external_invoice AS is_external_invoice, {writer.NO_THING}
    FROM new_cycles ORDER BY line)"""),  # noqa: S608 - columns of the shape
    # One payment of each invoice: what is known is that it was paid, not how often.
    """
    CREATE TEMPORARY TABLE new_payments ON COMMIT DROP AS
    SELECT p.*, nextval('invoicing_payment_id_seq') AS payment_id FROM (
        SELECT i.id AS invoice_id, i.number, i.currency, n.paid AS amount,
               least(coalesce(i.issued_on, n.starts_on), n.today) AS received_on
        FROM new_invoices n JOIN invoicing_invoice i ON i.number = n.number
        WHERE n.paid > 0 ORDER BY i.id
    ) p
    """,
    invoicing_writer.PAYMENTS.over(f"""(
    SELECT p.payment_id AS id, gen_random_uuid() AS uuid, p.invoice_id, p.currency, p.amount, 'imported' AS method,
           p.received_on, '' AS reference, r.at AS created_at, r.actor,
           {invoicing_writer.PAYMENTS.nothing("surplus", "surplus_entry_id", "request_id")}
    FROM new_payments p CROSS JOIN import_run r ORDER BY p.payment_id)"""),  # noqa: S608 - columns of the shape
    invoicing_writer.PAYMENT_LINES.over("""(
    SELECT p.payment_id, c.line_id, p.currency, c.amount
    FROM new_cycles n JOIN new_payments p ON p.number = n.invoice_number
    CROSS JOIN LATERAL (VALUES (n.charge_id, n.paid), (n.fee_id, n.activation_fee)) c (line_id, amount)
    WHERE c.line_id IS NOT NULL AND c.amount > 0 ORDER BY c.line_id)"""),
    # A known subscription lives longer with its new cycles.
    writer.prolong("""(
    SELECT n.subscription_id, min(n.today) AS today
    FROM new_cycles n WHERE n.subscription_id IS NOT NULL GROUP BY n.subscription_id)"""),
)

CREDIT_NOTES = (
    """
    CREATE TEMPORARY TABLE new_notes ON COMMIT DROP AS
    SELECT n.*, coalesce(n.line_id, c.charge_id) AS charge_id
    FROM all_credit_notes n
    LEFT JOIN new_cycles c ON c.subscription_uuid = n.subscription_uuid AND c.starts_on = n.cycle_starts_on
    WHERE n.known_id IS NULL
    """,
    invoicing_writer.CREDIT_NOTES.over(f"""(
    SELECT gen_random_uuid() AS uuid, n.number, o.id AS organisation_id, l.invoice_id, o.currency, n.status,
           '' AS reason, n.net, n.tax, n.issued_on, r.at AS created_at, n.sha256 AS row_sha256,
           CASE WHEN n.status = 'applied' THEN n.net + n.tax ELSE 0 END AS allocated_outside,
           CASE WHEN n.status IN ('sent', 'applied')
                THEN least(coalesce(n.issued_on::timestamp AT TIME ZONE 'UTC', r.at), r.at) END AS sent_at,
           {invoicing_writer.CREDIT_NOTES.nothing("series_id", "sequence_number", "request_id")}
    FROM new_notes n
    JOIN customers_organisation o ON o.uuid = n.organisation_uuid
    LEFT JOIN invoicing_chargeline l ON l.id = n.charge_id
    CROSS JOIN import_run r
    ORDER BY n.line)"""),  # noqa: S608 - columns of the shape
    invoicing_writer.CREDIT_NOTE_LINES.over("""(
    SELECT k.id AS credit_note_id, n.charge_id AS line_id, k.currency,
           coalesce(l.description, '') AS description, n.net, n.tax
    FROM new_notes n
    JOIN invoicing_creditnote k ON k.number = n.number
    LEFT JOIN invoicing_chargeline l ON l.id = n.charge_id
    ORDER BY n.line)"""),
    invoicing_writer.begin_series_above("new_invoices", document="invoice"),
    invoicing_writer.begin_series_above("new_notes", document="credit_note"),
    """
    SELECT portal_sort_in(name::regclass)
    FROM unnest(ARRAY['organisation_reference_parts', 'contract_reference_parts', 'invoice_number_parts',
                      'note_number_parts']) name
    """,
)
