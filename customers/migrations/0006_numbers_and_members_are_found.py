"""Members become search keys, and customer references are found by any part, whatever their dashes and case.

The index is made while others read and write. Checking the kinds again reads the search keys once, which takes less
than a second for a million. The keys of members that are there already are written after migrating
(`customers.operations.write_member_keys`), since only Python can fold a name.
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

FUNCTION = """
CREATE OR REPLACE FUNCTION customers_folded_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(lower(number), '[^[:alnum:]]+', '', 'g')
$$;
"""
# What was broken off leaves an index that answers nothing.
INDEX = [
    "DROP INDEX IF EXISTS organisation_reference_parts",
    "CREATE INDEX CONCURRENTLY organisation_reference_parts ON customers_organisation "
    "USING gin (customers_folded_number(customer_reference) gin_trgm_ops)",
]
DELETE_MEMBERS = "DELETE FROM customers_searchkey WHERE kind IN ('member', 'member_email')"

KINDS = [
    ("name", "Name"),
    ("uuid", "UUID"),
    ("owner_email", "Owner e-mail"),
    ("billing_email", "Billing e-mail"),
    ("number", "Number"),
    ("reference", "Customer reference"),
    ("member", "Member"),
    ("member_email", "Member e-mail"),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0005_top_ups")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION customers_folded_number(text)"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(INDEX, "DROP INDEX organisation_reference_parts")],
            state_operations=[
                migrations.AddIndex(
                    model_name="organisation",
                    index=django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            models.Func(
                                models.F("customer_reference"),
                                function="customers_folded_number",
                                output_field=models.TextField(),
                            ),
                            name="gin_trgm_ops",
                        ),
                        name="organisation_reference_parts",
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            model_name="searchkey", name="kind", field=models.CharField(choices=KINDS, max_length=15)
        ),
        migrations.RunSQL(
            [
                "ALTER TABLE customers_searchkey DROP CONSTRAINT IF EXISTS a_search_key_has_a_known_kind, "
                "ADD CONSTRAINT a_search_key_has_a_known_kind CHECK (kind IN ('name', 'uuid', 'owner_email', "
                "'billing_email', 'number', 'reference', 'member', 'member_email'))",
            ],
            [
                DELETE_MEMBERS,
                "ALTER TABLE customers_searchkey DROP CONSTRAINT a_search_key_has_a_known_kind, "
                "ADD CONSTRAINT a_search_key_has_a_known_kind CHECK (kind IN ('name', 'uuid', 'owner_email', "
                "'billing_email', 'number', 'reference'))",
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name="searchkey", name="a_search_key_has_a_known_kind"),
                migrations.AddConstraint(
                    model_name="searchkey",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("kind__in", [kind for kind, _ in KINDS])),
                        name="a_search_key_has_a_known_kind",
                    ),
                ),
            ],
        ),
    ]
