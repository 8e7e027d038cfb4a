import uuid

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER a_notice_is_never_changed BEFORE UPDATE OR DELETE ON outbox_notice
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('a_notice_is_never_changed');
CREATE TRIGGER a_thing_that_was_told_is_never_changed BEFORE UPDATE OR DELETE ON outbox_noticeitem
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('a_thing_that_was_told_is_never_changed');
"""
DROP_GUARDS = """
DROP TRIGGER a_thing_that_was_told_is_never_changed ON outbox_noticeitem;
DROP TRIGGER a_notice_is_never_changed ON outbox_notice;
"""

# A row that is written outside an operation leaves a plain entry in the audit.
TABLES = ("outbox_notice", "outbox_noticeitem")
VERBS = (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for table in TABLES
    for verb, rows in VERBS
)
DROP_UNMARKED = "".join(
    f"DROP TRIGGER unmarked_{verb.lower()} ON {table};\n" for table in TABLES for verb, _ in VERBS
)


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0007_deliveries_in_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("organisation_uuid", models.UUIDField()),
                ("kind", models.CharField(max_length=40)),
                ("on", models.DateField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation_uuid", "kind", "on"),
                        name="an_organisation_has_one_notice_of_a_kind_a_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("kind", models.CharField(max_length=40)),
                ("subject_uuid", models.UUIDField()),
                ("about", models.CharField(blank=True, max_length=40)),
                ("on", models.DateField()),
                (
                    "notice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="outbox.notice",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["notice", "on", "id"], name="item_of_a_notice")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject_uuid", "kind", "about", "on"), name="a_thing_is_told_once_of_a_day"
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARDS + UNMARKED, DROP_UNMARKED + DROP_GUARDS),
    ]
