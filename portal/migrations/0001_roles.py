from django.db import migrations

from portal import roles


def write(apps, schema_editor):
    roles.ensure()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("audit", "0002_guards"),
        ("outbox", "0002_guards"),
        ("settings_app", "0003_defaults"),
        ("customers", "0002_guards"),
        ("invoicing", "0003_series"),
        ("subscriptions", "0002_guards"),
    ]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
