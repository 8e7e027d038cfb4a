from django.db import migrations

# As the sums in 0005: what PostgreSQL believes to be few rows may be many, and was compared each with each.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION invoicing_refuse_other_organisations() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off AS $$
DECLARE
    goes_across boolean;
BEGIN
    -- Rows are found by their ids and then joined by hashing: what PostgreSQL believes to be few may be many.
    EXECUTE 'WITH n AS MATERIALIZED (
            SELECT id, organisation_id FROM invoicing_creditnote
            WHERE id = ANY(ARRAY(SELECT credit_note_id FROM new_rows WHERE line_id IS NOT NULL))
        ), l AS MATERIALIZED (
            SELECT id, invoice_id FROM invoicing_chargeline
            WHERE id = ANY(ARRAY(SELECT line_id FROM new_rows WHERE line_id IS NOT NULL))
        ), i AS MATERIALIZED (
            SELECT id, organisation_id FROM invoicing_invoice WHERE id = ANY(ARRAY(SELECT invoice_id FROM l))
        )
        SELECT EXISTS (
            SELECT FROM new_rows r, n, l, i
            WHERE n.id = r.credit_note_id AND l.id = r.line_id AND i.id = l.invoice_id
              AND i.organisation_id <> n.organisation_id)' INTO goes_across;
    IF goes_across THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION invoicing_refuse_lines_of_held_notes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_held boolean;
    touched text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT credit_note_id FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT credit_note_id FROM old_rows'
        -- A line may leave a note, and come to one.
        ELSE 'SELECT credit_note_id FROM old_rows UNION ALL SELECT credit_note_id FROM new_rows'
    END;
BEGIN
    EXECUTE format('SELECT EXISTS (
        SELECT FROM invoicing_creditnote WHERE id = ANY(ARRAY(%s)) AND holds > 0)', touched) INTO is_held;
    IF is_held THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0011_taking_back")]

    # They do what they did, so nothing has to be taken back.
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
