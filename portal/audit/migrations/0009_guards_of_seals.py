from django.db import migrations

GUARDS = """
ALTER TABLE audit_seal ADD CONSTRAINT a_seal_follows_the_one_before
    FOREIGN KEY (previous_number, previous_position, previous_sha256)
    REFERENCES audit_seal (number, last_position, sha256);
CREATE TRIGGER a_seal_is_never_changed BEFORE UPDATE OR DELETE ON audit_seal FOR EACH ROW
    EXECUTE FUNCTION portal_refuse_change('a_seal_is_never_changed');
"""
DROP_GUARDS = """
DROP TRIGGER a_seal_is_never_changed ON audit_seal;
ALTER TABLE audit_seal DROP CONSTRAINT a_seal_follows_the_one_before;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_seals")]

    operations = [migrations.RunSQL(GUARDS, DROP_GUARDS)]
