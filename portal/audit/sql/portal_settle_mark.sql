CREATE OR REPLACE FUNCTION portal_settle_mark() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mark audit_openmark;
BEGIN
    -- The transaction ends. What it wrote is read as it is now, not as it was when it was first noted.
    DELETE FROM audit_openmark WHERE txid = NEW.txid RETURNING * INTO mark;
    -- A portal that nobody can enter yet is being set up.
    IF NOT mark.is_told AND EXISTS (SELECT FROM auth_user) THEN
        INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
        SELECT clock_timestamp(), portal_app_of(change), 'Changed outside an operation',
               format('%s, but without its audit entry, by the database role %s', change, session_user),
               session_user, ''
        FROM unnest(mark.changes) AS change;
    END IF;
    RETURN NULL;
END $$;
