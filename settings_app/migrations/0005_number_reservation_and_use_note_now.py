from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("settings_app", "0004_drop_unread_indexes")]

    operations = [
        migrations.AddField(
            model_name="portalconfigversion",
            name="number_reservation_days",
            field=models.PositiveIntegerField(default=28),
        ),
        migrations.AddField(
            model_name="portalconfigversion",
            name="number_reservation_days_ported_in",
            field=models.PositiveIntegerField(default=56),
        ),
        migrations.AddField(
            model_name="portalconfigversion",
            name="use_note_now",
            field=models.BooleanField(default=False),
        ),
    ]
