from django.db import migrations

TABLES = ("outbox_message",)

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
    dependencies = [("outbox", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(UNMARKED, DROP_UNMARKED),
    ]
