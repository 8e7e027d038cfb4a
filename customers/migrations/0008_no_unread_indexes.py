import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_contacts_are_changed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="topup",
            name="organisation",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="top_ups",
                to="customers.organisation",
            ),
        ),
    ]
