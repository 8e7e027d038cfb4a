import django.db.models.deletion
from django.db import migrations, models

TABLE = "settings_app_messagesetting"

GUARD = """
CREATE TRIGGER a_message_of_a_settings_version_is_never_changed BEFORE UPDATE OR DELETE ON settings_app_messagesetting
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('a_message_of_a_settings_version_is_never_changed');
"""
DROP_GUARD = "DROP TRIGGER a_message_of_a_settings_version_is_never_changed ON settings_app_messagesetting;"

# A row that is written outside an operation leaves a plain entry in the audit.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {TABLE} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_UNMARKED = "".join(f"DROP TRIGGER unmarked_{verb} ON {TABLE};\n" for verb in ("insert", "update", "delete"))


class Migration(migrations.Migration):
    dependencies = [
        ("settings_app", "0007_renewals_and_tax_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name="MessageSetting",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("kind", models.CharField(max_length=40)),
                (
                    "addressee",
                    models.CharField(
                        choices=[
                            ("customer", "Customer, the provider in copy"),
                            ("provider", "Provider"),
                            ("nobody", "Nobody"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="settings_app.portalconfigversion",
                    ),
                ),
            ],
            options={
                "ordering": ["kind"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "kind"), name="a_kind_of_message_has_one_addressee"),
                    models.CheckConstraint(
                        condition=models.Q(("addressee__in", ["customer", "provider", "nobody"])),
                        name="a_kind_of_message_has_a_known_addressee",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", ""), _negated=True), name="a_message_setting_names_its_kind"
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD + UNMARKED, DROP_UNMARKED + DROP_GUARD),
    ]
