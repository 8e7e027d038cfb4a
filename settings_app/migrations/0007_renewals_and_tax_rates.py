import django.db.models.deletion
from django.db import migrations, models

TABLES = ("settings_app_productrenewal", "settings_app_taxrate")

# Somewhere the day begins fourteen hours before it does in Greenwich: from then on nobody takes a rate back.
GUARDS = """
CREATE TRIGGER a_renewal_of_a_settings_version_is_never_changed BEFORE UPDATE OR DELETE ON settings_app_productrenewal
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('a_renewal_of_a_settings_version_is_never_changed');
CREATE TRIGGER a_tax_rate_is_never_changed BEFORE UPDATE ON settings_app_taxrate
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('a_tax_rate_is_never_changed');
CREATE TRIGGER a_tax_rate_that_has_begun_is_never_deleted BEFORE DELETE ON settings_app_taxrate
    FOR EACH ROW WHEN (OLD.begins_on <= (now() AT TIME ZONE 'Pacific/Kiritimati')::date)
    EXECUTE FUNCTION portal_refuse_change('a_tax_rate_that_has_begun_is_never_deleted');
"""
DROP_GUARDS = """
DROP TRIGGER a_tax_rate_that_has_begun_is_never_deleted ON settings_app_taxrate;
DROP TRIGGER a_tax_rate_is_never_changed ON settings_app_taxrate;
DROP TRIGGER a_renewal_of_a_settings_version_is_never_changed ON settings_app_productrenewal;
"""

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
    dependencies = [
        ("settings_app", "0006_config_goes_forward"),
    ]

    operations = [
        migrations.AddField(
            model_name="portalconfigversion",
            name="renewals_are_made_here",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("country", models.CharField(max_length=2)),
                ("name", models.CharField(max_length=40)),
                ("per_cent", models.DecimalField(decimal_places=4, max_digits=7)),
                ("begins_on", models.DateField()),
            ],
            options={
                "ordering": ["country", "-begins_on"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("country", "begins_on"), name="a_country_has_one_tax_rate_from_a_day_on"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("country__regex", "^[A-Z]{2}$")), name="a_tax_rate_is_of_a_country"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="a_tax_rate_has_a_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("per_cent__gte", 0), ("per_cent__lte", 100)),
                        name="a_tax_rate_is_from_0_to_100",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductRenewal",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("product", models.CharField(max_length=120)),
                ("is_made_here", models.BooleanField()),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewals",
                        to="settings_app.portalconfigversion",
                    ),
                ),
            ],
            options={
                "ordering": ["product"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "product"), name="a_product_is_renewed_in_one_place"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("product", ""), _negated=True), name="a_renewal_names_its_product"
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS + UNMARKED, DROP_UNMARKED + DROP_GUARDS),
    ]
