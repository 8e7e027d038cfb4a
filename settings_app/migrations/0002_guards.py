from django.db import migrations

from portal.audit import triggers

TABLES = (
    "settings_app_portalconfigversion",
    "settings_app_administrativefee",
    "settings_app_confighead",
    "settings_app_terminationreason",
)


class Migration(migrations.Migration):
    dependencies = [("settings_app", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(
            triggers.never_changed("settings_app_portalconfigversion", "a_settings_version_is_never_changed")
            + triggers.never_changed(
                "settings_app_administrativefee", "a_fee_of_a_settings_version_is_never_changed"
            )
            + triggers.note_unmarked(*TABLES),
            triggers.drop_never_changed("settings_app_portalconfigversion", "a_settings_version_is_never_changed")
            + triggers.drop_never_changed(
                "settings_app_administrativefee", "a_fee_of_a_settings_version_is_never_changed"
            )
            + triggers.drop_note_unmarked(*TABLES),
        ),
    ]
