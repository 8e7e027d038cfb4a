CREATE OR REPLACE FUNCTION portal_note_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows WHERE event <> 'Changed outside an operation') THEN
        INSERT INTO audit_openmark AS m (txid, is_told) VALUES (pg_current_xact_id(), true)
        ON CONFLICT (txid) DO UPDATE SET is_told = true WHERE NOT m.is_told;
    END IF;
    RETURN NULL;
END $$;
