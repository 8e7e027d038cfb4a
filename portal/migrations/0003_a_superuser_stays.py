from django.db import migrations

# Asked when the transaction ends, so that one may take the place of another in it, and so that nothing is waited for
# with this lock in hand but who ends a transaction of this kind too.
FUNCTION = """
CREATE FUNCTION portal_keep_a_superuser() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
DROP_FUNCTION = "DROP FUNCTION portal_keep_a_superuser();"

TRIGGERS = """
CREATE CONSTRAINT TRIGGER the_last_active_superuser_stays AFTER UPDATE OF is_active, is_superuser ON auth_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.is_active AND OLD.is_superuser AND NOT (NEW.is_active AND NEW.is_superuser))
    EXECUTE FUNCTION portal_keep_a_superuser();
CREATE CONSTRAINT TRIGGER the_last_active_superuser_is_not_deleted AFTER DELETE ON auth_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.is_active AND OLD.is_superuser)
    EXECUTE FUNCTION portal_keep_a_superuser();
"""
DROP_TRIGGERS = """
DROP TRIGGER the_last_active_superuser_is_not_deleted ON auth_user;
DROP TRIGGER the_last_active_superuser_stays ON auth_user;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0002_usernames_are_plain_and_unique"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, DROP_FUNCTION),
        migrations.RunSQL(TRIGGERS, DROP_TRIGGERS),
    ]
