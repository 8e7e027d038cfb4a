from django.db import migrations

FUNCTION = """
CREATE FUNCTION settings_app_refuse_older_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT number FROM settings_app_portalconfigversion WHERE id = NEW.version_id)
        < (SELECT number FROM settings_app_portalconfigversion WHERE id = OLD.version_id) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
"""
DROP_FUNCTION = "DROP FUNCTION settings_app_refuse_older_version();"

TRIGGERS = """
CREATE TRIGGER an_older_settings_version_is_never_made_current BEFORE UPDATE ON settings_app_confighead
    FOR EACH ROW WHEN (NEW.version_id <> OLD.version_id)
    EXECUTE FUNCTION settings_app_refuse_older_version('an_older_settings_version_is_never_made_current');
CREATE TRIGGER a_portal_always_has_its_config_head BEFORE DELETE ON settings_app_confighead
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('a_portal_always_has_its_config_head');
"""
DROP_TRIGGERS = """
DROP TRIGGER a_portal_always_has_its_config_head ON settings_app_confighead;
DROP TRIGGER an_older_settings_version_is_never_made_current ON settings_app_confighead;
"""


class Migration(migrations.Migration):
    dependencies = [("settings_app", "0005_number_reservation_and_use_note_now")]

    operations = [
        migrations.RunSQL(FUNCTION, DROP_FUNCTION),
        migrations.RunSQL(TRIGGERS, DROP_TRIGGERS),
    ]
