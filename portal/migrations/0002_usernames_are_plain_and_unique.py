from django.core.management.base import CommandError
from django.db import migrations

FAULTS = """
    SELECT username FROM auth_user
    WHERE username !~ '^[A-Za-z0-9@.+_-]+$' OR lower(username) IN ('system', 'import')
       OR upper(username) IN (SELECT upper(username) FROM auth_user GROUP BY 1 HAVING count(*) > 1)
    ORDER BY upper(username), username
"""

GUARDS = """
ALTER TABLE auth_user ADD CONSTRAINT a_username_is_plain_ascii CHECK (username ~ '^[A-Za-z0-9@.+_-]+$');
ALTER TABLE auth_user ADD CONSTRAINT nobody_is_called_system_or_import
    CHECK (lower(username) NOT IN ('system', 'import'));
CREATE UNIQUE INDEX usernames_differ_in_more_than_their_case ON auth_user (upper(username));
"""
DROP_GUARDS = """
DROP INDEX usernames_differ_in_more_than_their_case;
ALTER TABLE auth_user DROP CONSTRAINT nobody_is_called_system_or_import;
ALTER TABLE auth_user DROP CONSTRAINT a_username_is_plain_ascii;
"""


def look(apps, schema_editor):
    """Refuse before anything is changed, by name: only people know what these should be called."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FAULTS)
        found = [name for (name,) in cursor.fetchall()]
    if found:
        names = ", ".join(f"“{name}”" for name in found[:10])
        raise CommandError(
            f"Usernames have letters from A to Z, digits and @ . + - _ only, differ in more than their case, and are "
            f"not “system” or “import”. Rename these with the version before, then migrate again: {names}"
            + (f" and {len(found) - 10} more." if len(found) > 10 else ".")
        )


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_roles")]

    operations = [
        migrations.RunPython(look, migrations.RunPython.noop),
        migrations.RunSQL(GUARDS, DROP_GUARDS),
    ]
