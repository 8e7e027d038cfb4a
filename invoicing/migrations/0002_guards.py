from django.db import migrations

TABLES = (
    "invoicing_numberseries",
    "invoicing_invoice",
    "invoicing_chargeline",
    "invoicing_payment",
    "invoicing_paymentline",
    "invoicing_creditnote",
    "invoicing_creditnoteline",
    "invoicing_creditnoteallocation",
    "invoicing_creditnotehold",
    "invoicing_chargewaiver",
    "invoicing_chargerefund",
)

# table, column, referenced table: a document has the currency of what it refers to.
CURRENCY_KEYS = (
    ("invoicing_invoice", "organisation_id", "customers_organisation"),
    ("invoicing_chargeline", "invoice_id", "invoicing_invoice"),
    ("invoicing_payment", "invoice_id", "invoicing_invoice"),
    ("invoicing_paymentline", "payment_id", "invoicing_payment"),
    ("invoicing_paymentline", "line_id", "invoicing_chargeline"),
    ("invoicing_creditnote", "organisation_id", "customers_organisation"),
    ("invoicing_creditnote", "invoice_id", "invoicing_invoice"),
    ("invoicing_creditnoteline", "credit_note_id", "invoicing_creditnote"),
    ("invoicing_creditnoteline", "line_id", "invoicing_chargeline"),
    ("invoicing_creditnoteallocation", "credit_note_id", "invoicing_creditnote"),
    ("invoicing_creditnoteallocation", "line_id", "invoicing_chargeline"),
    ("invoicing_chargewaiver", "line_id", "invoicing_chargeline"),
    ("invoicing_chargerefund", "line_id", "invoicing_chargeline"),
)


def currency_key_name(table: str, column: str) -> str:
    """Name the key as a sentence: 'invoice_has_the_currency_of_its_organisation'."""
    return f"{table.split('_')[1]}_has_the_currency_of_its_{column.removesuffix('_id')}"


KEYS = "".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {currency_key_name(table, column)} "
    f"FOREIGN KEY ({column}, currency) REFERENCES {target} (id, currency);\n"
    for table, column, target in CURRENCY_KEYS
)
DROP_KEYS = "".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {currency_key_name(table, column)};\n"
    for table, column, _ in CURRENCY_KEYS
)

# All but invoicing_sum_rows were written anew in 0005.
# The four sums of a charge line, the paid and waived of an invoice, the allocated and holds of a note.
# Differences are added, never whole sums recomputed: under READ COMMITTED an UPDATE that waited for a row
# goes on with that row's newest version, but would not look again at the rows a sum is made of.
SUMS = """
CREATE FUNCTION invoicing_sum_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text := TG_ARGV[0];
BEGIN
    -- old_rows is empty for INSERT and new_rows for DELETE: both are given by the trigger's definition.
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('UPDATE invoicing_chargeline l SET %1$I = l.%1$I + d.amount
            FROM (SELECT line_id, sum(amount) AS amount FROM new_rows GROUP BY 1 ORDER BY 1) d
            WHERE l.id = d.line_id', wanted);
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE format('UPDATE invoicing_chargeline l SET %1$I = l.%1$I - d.amount
            FROM (SELECT line_id, sum(amount) AS amount FROM old_rows GROUP BY 1 ORDER BY 1) d
            WHERE l.id = d.line_id', wanted);
    ELSE
        EXECUTE format('UPDATE invoicing_chargeline l SET %1$I = l.%1$I + d.amount
            FROM (SELECT line_id, sum(amount) AS amount FROM
                    (SELECT line_id, amount FROM new_rows UNION ALL SELECT line_id, -amount FROM old_rows) b
                  GROUP BY 1 HAVING sum(amount) <> 0) d
            WHERE l.id = d.line_id', wanted);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION invoicing_sum_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An import writes the sum with the charge, and writing each charge again would cost as much once more. A sum
    -- that counts the new rows already can only be this transaction's own: nobody else has seen these rows.
    UPDATE invoicing_chargeline l SET paid = l.paid + d.amount
    FROM (SELECT n.line_id, n.amount
          FROM (SELECT line_id, sum(amount) AS amount FROM new_rows GROUP BY 1 ORDER BY 1) n
          JOIN invoicing_chargeline c ON c.id = n.line_id
          WHERE c.paid <> coalesce((SELECT sum(p.amount) FROM invoicing_paymentline p WHERE p.line_id = c.id), 0)
              + coalesce((SELECT sum(a.amount) FROM invoicing_creditnoteallocation a WHERE a.line_id = c.id), 0)) d
    WHERE l.id = d.line_id;
    RETURN NULL;
END $$;

CREATE FUNCTION invoicing_sum_note_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Lines of a note that already counts; the lines of a draft are summed when it is sent.
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        UPDATE invoicing_chargeline l SET noted = l.noted + d.amount
        FROM (SELECT r.line_id, sum(r.net + r.tax) AS amount FROM new_rows r
              JOIN invoicing_creditnote n ON n.id = r.credit_note_id
              WHERE n.status IN ('sent', 'partly_applied', 'applied') AND r.line_id IS NOT NULL
              GROUP BY 1) d
        WHERE l.id = d.line_id;
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        UPDATE invoicing_chargeline l SET noted = l.noted - d.amount
        FROM (SELECT r.line_id, sum(r.net + r.tax) AS amount FROM old_rows r
              JOIN invoicing_creditnote n ON n.id = r.credit_note_id
              WHERE n.status IN ('sent', 'partly_applied', 'applied') AND r.line_id IS NOT NULL
              GROUP BY 1) d
        WHERE l.id = d.line_id;
    END IF;
    RETURN NULL;
END $$;

-- The two below add up the rows before and after with signs, and never join them. The plan of a statement is kept from
-- its first call; that may have been about no row at all, and then a join compares each row with each.
CREATE FUNCTION invoicing_note_status_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoicing_chargeline l SET noted = l.noted + d.amount
    FROM (SELECT r.line_id, sum((r.net + r.tax) * n.counts) AS amount
          FROM (SELECT id, sum(counts) AS counts FROM (
                    SELECT id, (status IN ('sent', 'partly_applied', 'applied'))::integer AS counts FROM new_rows
                    UNION ALL
                    SELECT id, -(status IN ('sent', 'partly_applied', 'applied'))::integer FROM old_rows) b
                GROUP BY 1 HAVING sum(counts) <> 0) n
          JOIN invoicing_creditnoteline r ON r.credit_note_id = n.id
          WHERE r.line_id IS NOT NULL
          GROUP BY 1) d
    WHERE l.id = d.line_id AND d.amount <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION invoicing_sum_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoicing_creditnote n
    SET allocated = n.allocated + d.amount,
        status = CASE WHEN n.status NOT IN ('sent', 'partly_applied', 'applied') THEN n.status
                      WHEN n.allocated + d.amount = n.net + n.tax THEN 'applied'
                      WHEN n.allocated + d.amount = 0 THEN 'sent'
                      ELSE 'partly_applied' END
    FROM (SELECT credit_note_id, sum(amount) AS amount FROM new_rows GROUP BY 1) d
    WHERE n.id = d.credit_note_id;
    RETURN NULL;
END $$;

CREATE FUNCTION invoicing_count_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoicing_creditnote n SET holds = n.holds + d.held
    FROM (SELECT credit_note_id, count(*) AS held FROM new_rows GROUP BY 1) d
    WHERE n.id = d.credit_note_id;
    RETURN NULL;
END $$;

CREATE FUNCTION invoicing_sum_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoicing_invoice i
    SET paid = i.paid + d.paid,
        waived = i.waived + d.waived,
        status = CASE WHEN i.status NOT IN ('awaiting_payment', 'paid') THEN i.status
                      WHEN i.charged = i.paid + d.paid + i.waived + d.waived THEN 'paid'
                      ELSE 'awaiting_payment' END
    FROM (SELECT invoice_id, sum(paid) AS paid, sum(waived) AS waived
          FROM (SELECT invoice_id, paid, waived FROM new_rows
                UNION ALL SELECT invoice_id, -paid, -waived FROM old_rows) b
          GROUP BY 1 HAVING sum(paid) <> 0 OR sum(waived) <> 0) d
    WHERE i.id = d.invoice_id;
    RETURN NULL;
END $$;

CREATE TRIGGER sum_invoice AFTER UPDATE ON invoicing_chargeline
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION invoicing_sum_invoice();
CREATE TRIGGER note_status_changed AFTER UPDATE ON invoicing_creditnote
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION invoicing_note_status_changed();
CREATE TRIGGER sum_allocations AFTER INSERT ON invoicing_creditnoteallocation
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION invoicing_sum_allocations();
CREATE TRIGGER count_holds AFTER INSERT ON invoicing_creditnotehold
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION invoicing_count_holds();
"""

TRANSITIONS = {"INSERT": "NEW TABLE AS new_rows", "DELETE": "OLD TABLE AS old_rows"}
TRANSITIONS["UPDATE"] = f"{TRANSITIONS['DELETE']} {TRANSITIONS['INSERT']}"

PAID = "invoicing_sum_rows('paid')"
SUMMED = (
    ("invoicing_paymentline", PAID),
    ("invoicing_creditnoteallocation", PAID),
    ("invoicing_chargewaiver", "invoicing_sum_rows('waived')"),
    ("invoicing_chargerefund", "invoicing_sum_rows('refunded')"),
    ("invoicing_creditnoteline", "invoicing_sum_note_lines()"),
)

SUM_TRIGGERS = "".join(
    f"CREATE TRIGGER sum_{verb.lower()} AFTER {verb} ON {table} REFERENCING {transition} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION "
    f"{'invoicing_sum_paid()' if (verb, function) == ('INSERT', PAID) else function};\n"
    for table, function in SUMMED
    for verb, transition in TRANSITIONS.items()
)

DROP_SUMS = """
DROP FUNCTION invoicing_sum_invoice() CASCADE;
DROP FUNCTION invoicing_count_holds() CASCADE;
DROP FUNCTION invoicing_sum_allocations() CASCADE;
DROP FUNCTION invoicing_note_status_changed() CASCADE;
DROP FUNCTION invoicing_sum_note_lines() CASCADE;
DROP FUNCTION invoicing_sum_paid() CASCADE;
DROP FUNCTION invoicing_sum_rows() CASCADE;
"""

# What a termination or an allocation wrote stays; corrections are further rows.
FINAL = (
    ("invoicing_creditnoteallocation", "an_allocation_is_never_changed"),
    ("invoicing_creditnotehold", "a_hold_is_never_changed"),
    ("invoicing_chargewaiver", "a_waiver_is_never_changed"),
    ("invoicing_chargerefund", "a_charge_refund_is_never_changed"),
    ("invoicing_paymentline", "a_payment_line_is_never_changed"),
)
NEVER_CHANGED = "".join(
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
    f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    for table, name in FINAL
)
DROP_NEVER_CHANGED = "".join(f"DROP TRIGGER {name} ON {table};\n" for table, name in FINAL)

# A note may be linked by one termination, or taken off by several, never both.
HOLDS = """
ALTER TABLE invoicing_creditnotehold ADD CONSTRAINT a_note_settles_or_is_taken_off
    EXCLUDE USING gist (credit_note_id WITH =, (kind = 'settles') WITH <>);
"""
DROP_HOLDS = "ALTER TABLE invoicing_creditnotehold DROP CONSTRAINT a_note_settles_or_is_taken_off;"

# A row that is written outside an operation leaves a plain entry in the audit.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for table in TABLES
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_UNMARKED = "".join(
    f"DROP TRIGGER unmarked_{verb} ON {table};\n" for table in TABLES for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial"), ("customers", "0002_guards")]

    operations = [
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(HOLDS, DROP_HOLDS),
        migrations.RunSQL(SUMS + SUM_TRIGGERS, DROP_SUMS),
        migrations.RunSQL(NEVER_CHANGED, DROP_NEVER_CHANGED),
        migrations.RunSQL(UNMARKED, DROP_UNMARKED),
    ]
