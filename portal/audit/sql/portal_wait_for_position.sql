CREATE OR REPLACE FUNCTION portal_wait_for_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unnumbered (event_id) SELECT id FROM new_rows;
    RETURN NULL;
END $$;
