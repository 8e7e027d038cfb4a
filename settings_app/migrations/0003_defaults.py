from django.db import migrations

from settings_app import defaults


def write(apps, schema_editor):
    # The migration is the operation here; its rows need no note of their own.
    schema_editor.execute("SELECT set_config('portal.operation', 'migration', true)")
    defaults.ensure(apps)


class Migration(migrations.Migration):
    dependencies = [("settings_app", "0002_guards")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
