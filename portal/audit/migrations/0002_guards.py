from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The first argument of the trigger is the sentence that names the refusal.
    RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION portal_note_unmarked_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
DROP_FUNCTIONS = """
DROP FUNCTION portal_note_unmarked_change();
DROP FUNCTION portal_refuse_change();
"""

NEVER_CHANGED = """
CREATE TRIGGER an_audit_entry_is_never_changed BEFORE UPDATE OR DELETE ON audit_auditentry FOR EACH ROW
    EXECUTE FUNCTION portal_refuse_change('an_audit_entry_is_never_changed');
"""
DROP_NEVER_CHANGED = "DROP TRIGGER an_audit_entry_is_never_changed ON audit_auditentry;"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(NEVER_CHANGED, DROP_NEVER_CHANGED),
    ]
