CREATE OR REPLACE FUNCTION invoicing_refuse_other_organisations() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    goes_across boolean;
BEGIN
    EXECUTE 'SELECT EXISTS (
        SELECT FROM new_rows r
        JOIN invoicing_creditnote n ON n.id = r.credit_note_id
        JOIN invoicing_chargeline l ON l.id = r.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE i.organisation_id <> n.organisation_id)' INTO goes_across;
    IF goes_across THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
