from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0006_delivery")]

    operations = [
        migrations.AlterModelOptions(
            name="delivery",
            options={
                "ordering": ["id"],
                "permissions": [("send_again", "Can put a dead letter back to be sent")],
                "verbose_name_plural": "deliveries",
            },
        ),
    ]
