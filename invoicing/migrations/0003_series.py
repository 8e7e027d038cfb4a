from django.db import migrations

from invoicing import defaults


def write(apps, schema_editor):
    schema_editor.execute("SELECT set_config('portal.operation', 'migration', true)")
    defaults.ensure(apps)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0002_guards")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
