CREATE OR REPLACE FUNCTION jobs_refuse_items_of_finished_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever finishes the run meanwhile is waited for.
    PERFORM FROM jobs_run r WHERE r.id IN (SELECT run_id FROM added_rows) ORDER BY r.id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM jobs_run r WHERE r.id IN (SELECT run_id FROM added_rows) AND r.finished_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_NAME, '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
