CREATE OR REPLACE FUNCTION portal_note_unmarked_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    marked text := coalesce(current_setting('portal.operation', true), '');
    changed bigint;
BEGIN
    IF marked <> '' THEN
        -- Anybody can set a mark: it counts for a transaction that also writes its audit entry, and that is looked at
        -- when it ends. An argument says that the rows of a table tell of themselves.
        IF TG_NARGS = 0 AND EXISTS (SELECT FROM changed_rows) THEN
            INSERT INTO audit_openmark AS m (txid, changes)
            VALUES (pg_current_xact_id(),
                    ARRAY[format('%s: %s marked as “%s”', TG_TABLE_NAME, lower(TG_OP), left(marked, 60))])
            ON CONFLICT (txid) DO UPDATE SET changes = m.changes || EXCLUDED.changes
                WHERE NOT m.is_told AND NOT m.changes @> EXCLUDED.changes;
        END IF;
        RETURN NULL;
    END IF;
    SELECT count(*) INTO changed FROM changed_rows;
    IF changed > 0 THEN
        INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
        VALUES (clock_timestamp(), portal_app_of(TG_TABLE_NAME), 'Changed outside an operation',
                format('%s: %s of %s row(s) outside an operation, by the database role %s',
                       TG_TABLE_NAME, lower(TG_OP), changed, session_user),
                session_user, '');
    END IF;
    RETURN NULL;
END $$;
