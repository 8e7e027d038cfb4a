CREATE OR REPLACE FUNCTION settings_app_refuse_older_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT number FROM settings_app_portalconfigversion WHERE id = NEW.version_id)
        < (SELECT number FROM settings_app_portalconfigversion WHERE id = OLD.version_id) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
