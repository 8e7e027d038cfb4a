from django.db import migrations

# A row for each transaction that is under way, kept by triggers alone and gone when the transaction ends: what was
# changed under a mark, and whether an audit entry was written. After a crash there is nothing to bring back.
TABLE = """
CREATE UNLOGGED TABLE audit_openmark (
    txid xid8 CONSTRAINT a_transaction_has_one_open_mark PRIMARY KEY,
    changes text[] NOT NULL DEFAULT '{}',
    is_told boolean NOT NULL DEFAULT false
);
CREATE TRIGGER an_open_mark_is_kept_by_triggers BEFORE INSERT OR UPDATE OR DELETE ON audit_openmark
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION portal_refuse_change('an_open_mark_is_kept_by_triggers');
"""
DROP_TABLE = "DROP TABLE audit_openmark;"

FUNCTIONS = """
CREATE FUNCTION portal_app_of(table_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE split_part(table_name, '_', 1)
        WHEN 'customers' THEN 'Customers'
        WHEN 'subscriptions' THEN 'Subscriptions'
        WHEN 'invoicing' THEN 'Invoices'
        WHEN 'settings' THEN 'Portal Settings'
        WHEN 'outbox' THEN 'Notifications'
        ELSE 'Portal'
    END
$$;

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

CREATE FUNCTION portal_note_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows WHERE event <> 'Changed outside an operation') THEN
        INSERT INTO audit_openmark AS m (txid, is_told) VALUES (pg_current_xact_id(), true)
        ON CONFLICT (txid) DO UPDATE SET is_told = true WHERE NOT m.is_told;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION portal_settle_mark() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
DROP_FUNCTIONS = """
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
DROP FUNCTION portal_settle_mark();
DROP FUNCTION portal_note_entry();
DROP FUNCTION portal_app_of(text);
"""

TRIGGERS = """
CREATE CONSTRAINT TRIGGER a_mark_needs_its_audit_entry AFTER INSERT ON audit_openmark
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION portal_settle_mark();
CREATE TRIGGER note_entry AFTER INSERT ON audit_auditentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION portal_note_entry();
"""
DROP_TRIGGERS = """
DROP TRIGGER note_entry ON audit_auditentry;
DROP TRIGGER a_mark_needs_its_audit_entry ON audit_openmark;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_hash_of_an_entry")]

    operations = [
        migrations.RunSQL(TABLE, DROP_TABLE),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, DROP_TRIGGERS),
    ]
