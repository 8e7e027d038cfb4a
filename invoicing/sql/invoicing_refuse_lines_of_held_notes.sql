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
