CREATE OR REPLACE FUNCTION portal_take_positions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first_given bigint;
    last_given bigint;
    given bigint;
    waited bigint;
BEGIN
    SELECT min(position), max(position), count(*) INTO first_given, last_given, given FROM new_rows;
    IF given = 0 THEN
        RETURN NULL;
    END IF;
    -- No two are the same, so those in between are all there where their number fits.
    IF last_given - first_given + 1 <> given OR first_given < 1 OR (
        first_given > 1 AND NOT EXISTS (SELECT FROM audit_position WHERE position = first_given - 1)
    ) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_NAME, '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    -- Planned anew each time: a plan that is kept would be made for the few rows of its first call.
    EXECUTE 'DELETE FROM audit_unnumbered WHERE event_id IN (SELECT event_id FROM new_rows)';
    GET DIAGNOSTICS waited = ROW_COUNT;
    -- An event waits as long as it has no position, and is never deleted: this holds what a foreign key would look up
    -- for each.
    IF waited <> given THEN
        RAISE EXCEPTION 'refused: a position is given to an event that waits for one'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_position_is_given_to_an_event_that_waits_for_one',
                  TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
