from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_numbers_and_members_are_found")]

    operations = [
        migrations.AlterModelOptions(
            name="organisation",
            options={
                "ordering": ["name", "id"],
                "permissions": [("change_contacts", "Can change name, addresses and reference")],
            },
        ),
    ]
