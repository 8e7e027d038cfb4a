from django.db import migrations

TABLES = (
    "settings_app_portalconfigversion",
    "settings_app_administrativefee",
    "settings_app_confighead",
    "settings_app_terminationreason",
)

FINAL = (
    ("settings_app_portalconfigversion", "a_settings_version_is_never_changed"),
    ("settings_app_administrativefee", "a_fee_of_a_settings_version_is_never_changed"),
)
NEVER_CHANGED = "".join(
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
    f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    for table, name in FINAL
)
DROP_NEVER_CHANGED = "".join(f"DROP TRIGGER {name} ON {table};\n" for table, name in FINAL)

# A row that is written outside an operation leaves a plain entry in the audit.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for table in TABLES
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_UNMARKED = "".join(
    f"DROP TRIGGER unmarked_{verb} ON {table};\n" for table in TABLES for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [("settings_app", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(NEVER_CHANGED + UNMARKED, DROP_NEVER_CHANGED + DROP_UNMARKED),
    ]
