CREATE OR REPLACE FUNCTION portal_keep_a_superuser() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever takes the demo out leaves nobody behind. Only the owner of the table can: a mark alone opens nothing.
    IF current_setting('portal.operation', true) = 'remove_demo' AND EXISTS (
        SELECT FROM pg_class WHERE oid = TG_RELID AND pg_has_role(relowner, 'USAGE')
    ) THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') = 'read committed' THEN
        -- Of two that end at once, the second sees what the first has done.
        PERFORM pg_advisory_xact_lock(hashtext('a superuser stays'));
        PERFORM FROM auth_user WHERE is_active AND is_superuser;
    ELSE
        -- Sees no other's work, so it holds on to somebody, and fails where that is too late.
        PERFORM FROM auth_user WHERE is_active AND is_superuser ORDER BY id LIMIT 1 FOR SHARE;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'refused: %', replace(TG_NAME, '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
