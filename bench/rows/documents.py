"""Invoices, charges, payments and credit notes of the cycles."""

STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "invoices",
        """
        INSERT INTO invoicing_invoice
            (id, uuid, number, series_id, sequence_number, organisation_id, currency, kind, status, issued_on,
             created_at, charged, paid, waived)
        SELECT b.id, md5('invoice ' || b.id)::uuid,
               n.prefix || lpad(b.id::text, greatest(n.length, length(b.id::text)), '0'), n.id, b.id,
               b.organisation_id, b.currency, 'tax',
               CASE WHEN paid = charged THEN 'paid' ELSE 'awaiting_payment' END, b.first_day,
               b.first_day::timestamp AT TIME ZONE 'UTC', b.charged, b.paid, 0
        FROM billed b JOIN invoicing_numberseries n ON n.document = 'invoice' ORDER BY b.id
        """,
    ),
    # One charge in forty is given back by a note of a quarter; some of these notes are drafts or void.
    (
        "dealing credit notes",
        """
        CREATE TEMPORARY TABLE noted ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY id) AS note_id, id AS line_id, organisation_id, currency, first_day,
               round(net / 4, digits) AS net, round(tax / 4, digits) AS tax,
               (ARRAY['sent', 'sent', 'applied', 'applied', 'draft', 'void'])[1 + pg_temp.deal(id, 61, 6)] AS status
        FROM billed WHERE pg_temp.deal(id, 60, 40) = 0 AND net >= 8
        """,
    ),
    (
        "charges",
        """
        INSERT INTO invoicing_chargeline
            (id, invoice_id, currency, kind, description, net, tax, paid, noted, waived, refunded)
        SELECT b.id, b.id, b.currency, 'plan',
               p.name || ', ' || to_char(b.first_day, 'FMDD FMMonth YYYY') || ' to '
                      || to_char(b.day_after - 1, 'FMDD FMMonth YYYY'),
               b.net, b.tax, b.paid,
               CASE WHEN d.status IN ('sent', 'applied') THEN d.net + d.tax ELSE 0 END, 0, 0
        FROM billed b
        JOIN subscriptions_subscription s ON s.id = b.subscription_id
        JOIN subscriptions_plan p ON p.id = s.plan_id
        LEFT JOIN noted d ON d.line_id = b.id ORDER BY b.id
        """,
    ),
    (
        "charges",
        """
        INSERT INTO subscriptions_cyclecharge (cycle_id, line_id, first_day, day_after, is_external_invoice)
        SELECT id, id, first_day, day_after, false FROM billed ORDER BY id
        """,
    ),
    (
        "payments",
        """
        INSERT INTO invoicing_payment
            (id, uuid, invoice_id, currency, amount, method, received_on, reference, created_at, actor)
        SELECT id, md5('payment ' || id)::uuid, id, currency, paid,
               (ARRAY['bank_transfer', 'card', 'cheque'])[1 + pg_temp.deal(id, 62, 3)], first_day, '',
               first_day::timestamp AT TIME ZONE 'UTC', 'bench-billing'
        FROM billed WHERE paid > 0 ORDER BY id
        """,
    ),
    (
        "payments",
        """
        INSERT INTO invoicing_paymentline (payment_id, line_id, currency, amount)
        SELECT id, id, currency, paid FROM billed WHERE paid > 0 ORDER BY id
        """,
    ),
    (
        "credit notes",
        """
        INSERT INTO invoicing_creditnote
            (id, uuid, number, series_id, sequence_number, organisation_id, invoice_id, currency, status, reason,
             net, tax, allocated, allocated_outside, holds, issued_on, sent_at, created_at, row_sha256)
        SELECT d.note_id, md5('note ' || d.note_id)::uuid,
               n.prefix || lpad(d.note_id::text, greatest(n.length, length(d.note_id::text)), '0'), n.id, d.note_id,
               d.organisation_id, d.line_id, d.currency, d.status, 'Outage', d.net, d.tax, a.amount, a.amount, 0,
               d.first_day, CASE WHEN d.status <> 'draft' THEN d.first_day::timestamp AT TIME ZONE 'UTC' END,
               d.first_day::timestamp AT TIME ZONE 'UTC', ''
        FROM noted d JOIN invoicing_numberseries n ON n.document = 'credit_note'
        CROSS JOIN LATERAL (SELECT CASE WHEN d.status = 'applied' THEN d.net + d.tax ELSE 0 END AS amount) a
        ORDER BY d.note_id
        """,
    ),
    (
        "credit notes",
        """
        INSERT INTO invoicing_creditnoteline (credit_note_id, line_id, currency, description, net, tax)
        SELECT note_id, line_id, currency, 'Outage', net, tax FROM noted ORDER BY note_id
        """,
    ),
    (
        "series",
        """
        UPDATE invoicing_numberseries SET last_number = CASE document
            WHEN 'invoice' THEN (SELECT count(*) FROM billed) ELSE (SELECT count(*) FROM noted) END
        """,
    ),
)
