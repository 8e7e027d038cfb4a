from django.db import migrations

from portal.audit import triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(triggers.FUNCTIONS, triggers.DROP_FUNCTIONS),
        migrations.RunSQL(
            triggers.never_changed("audit_auditentry", "an_audit_entry_is_never_changed"),
            triggers.drop_never_changed("audit_auditentry", "an_audit_entry_is_never_changed"),
        ),
    ]
