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
