CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The first argument of the trigger is the sentence that names the refusal.
    RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;
