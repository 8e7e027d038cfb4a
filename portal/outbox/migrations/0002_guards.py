from django.db import migrations

from portal.audit import triggers

TABLES = ("outbox_message",)


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(triggers.note_unmarked(*TABLES), triggers.drop_note_unmarked(*TABLES)),
    ]
