from django.db import migrations

# PL/pgSQL keeps the plan of a statement from its first call in a connection. Made for one row in tables that were small
# or said to be empty, it compares each row with each, and a later call about a thousand rows takes minutes. What EXECUTE
# runs is planned each time, for the tables as they are: a tenth of a millisecond a statement.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION invoicing_sum_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An import writes the sum with the charge, and writing each charge again would cost as much once more. A sum
    -- that counts the new rows already can only be this transaction's own: nobody else has seen these rows.
    EXECUTE 'UPDATE invoicing_chargeline l SET paid = l.paid + d.amount
        FROM (SELECT n.line_id, n.amount
              FROM (SELECT line_id, sum(amount) AS amount FROM new_rows GROUP BY 1 ORDER BY 1) n
              JOIN invoicing_chargeline c ON c.id = n.line_id
              WHERE c.paid <> coalesce((SELECT sum(p.amount) FROM invoicing_paymentline p WHERE p.line_id = c.id), 0)
                + coalesce((SELECT sum(a.amount) FROM invoicing_creditnoteallocation a WHERE a.line_id = c.id), 0)) d
        WHERE l.id = d.line_id';
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invoicing_sum_note_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Lines of a note that already counts; the lines of a draft are summed when it is sent.
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        EXECUTE 'UPDATE invoicing_chargeline l SET noted = l.noted + d.amount
            FROM (SELECT r.line_id, sum(r.net + r.tax) AS amount FROM new_rows r
                  JOIN invoicing_creditnote n ON n.id = r.credit_note_id
                  WHERE n.status IN (''sent'', ''partly_applied'', ''applied'') AND r.line_id IS NOT NULL
                  GROUP BY 1) d
            WHERE l.id = d.line_id';
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        EXECUTE 'UPDATE invoicing_chargeline l SET noted = l.noted - d.amount
            FROM (SELECT r.line_id, sum(r.net + r.tax) AS amount FROM old_rows r
                  JOIN invoicing_creditnote n ON n.id = r.credit_note_id
                  WHERE n.status IN (''sent'', ''partly_applied'', ''applied'') AND r.line_id IS NOT NULL
                  GROUP BY 1) d
            WHERE l.id = d.line_id';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invoicing_note_status_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_chargeline l SET noted = l.noted + d.amount
        FROM (SELECT r.line_id, sum((r.net + r.tax) * n.counts) AS amount
              FROM (SELECT id, sum(counts) AS counts FROM (
                        SELECT id, (status IN (''sent'', ''partly_applied'', ''applied''))::integer AS counts
                        FROM new_rows
                        UNION ALL
                        SELECT id, -(status IN (''sent'', ''partly_applied'', ''applied''))::integer FROM old_rows) b
                    GROUP BY 1 HAVING sum(counts) <> 0) n
              JOIN invoicing_creditnoteline r ON r.credit_note_id = n.id
              WHERE r.line_id IS NOT NULL
              GROUP BY 1) d
        WHERE l.id = d.line_id AND d.amount <> 0';
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invoicing_sum_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_creditnote n
        SET allocated = n.allocated + d.amount,
            status = CASE WHEN n.status NOT IN (''sent'', ''partly_applied'', ''applied'') THEN n.status
                          WHEN n.allocated + d.amount = n.net + n.tax THEN ''applied''
                          WHEN n.allocated + d.amount = 0 THEN ''sent''
                          ELSE ''partly_applied'' END
        FROM (SELECT credit_note_id, sum(amount) AS amount FROM new_rows GROUP BY 1) d
        WHERE n.id = d.credit_note_id';
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invoicing_count_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_creditnote n SET holds = n.holds + d.held
        FROM (SELECT credit_note_id, count(*) AS held FROM new_rows GROUP BY 1) d
        WHERE n.id = d.credit_note_id';
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invoicing_sum_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_invoice i
        SET paid = i.paid + d.paid,
            waived = i.waived + d.waived,
            status = CASE WHEN i.status NOT IN (''awaiting_payment'', ''paid'') THEN i.status
                          WHEN i.charged = i.paid + d.paid + i.waived + d.waived THEN ''paid''
                          ELSE ''awaiting_payment'' END
        FROM (SELECT invoice_id, sum(paid) AS paid, sum(waived) AS waived
              FROM (SELECT invoice_id, paid, waived FROM new_rows
                    UNION ALL SELECT invoice_id, -paid, -waived FROM old_rows) b
              GROUP BY 1 HAVING sum(paid) <> 0 OR sum(waived) <> 0) d
        WHERE i.id = d.invoice_id';
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0004_drop_unread_indexes")]

    # They do what they did, so nothing has to be taken back.
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
