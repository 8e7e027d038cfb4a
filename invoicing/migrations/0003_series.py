from django.db import migrations

SERIES = (("invoice", "IN-"), ("credit_note", "CN-"))


def write(apps, schema_editor):
    """Write the number series that a new portal starts with; those that are there stay."""
    schema_editor.execute("SELECT set_config('portal.operation', 'migration', true)")
    series = apps.get_model("invoicing", "NumberSeries")
    for document, prefix in SERIES:
        series.objects.get_or_create(document=document, defaults={"prefix": prefix, "length": 7})


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0002_guards")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
