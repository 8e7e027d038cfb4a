CREATE OR REPLACE FUNCTION portal_note_unmarked_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    IF coalesce(current_setting('portal.operation', true), '') <> '' THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO changed FROM changed_rows;
    IF changed > 0 THEN
        INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
        VALUES (clock_timestamp(), CASE split_part(TG_TABLE_NAME, '_', 1) WHEN 'customers' THEN 'Customers' WHEN 'subscriptions' THEN 'Subscriptions' WHEN 'invoicing' THEN 'Invoices' WHEN 'settings' THEN 'Portal Settings' WHEN 'outbox' THEN 'Notifications' ELSE 'Portal' END, 'Changed outside an operation',
                format('%s: %s of %s row(s) outside an operation, by the database role %s',
                       TG_TABLE_NAME, lower(TG_OP), changed, session_user),
                session_user, '');
    END IF;
    RETURN NULL;
END $$;
