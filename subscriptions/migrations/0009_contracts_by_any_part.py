"""References of contracts are found by any part, whatever their dashes and case. No lock on the table."""

import django.contrib.postgres.indexes
from django.db import migrations, models

INDEX = [
    # What was broken off leaves an index that answers nothing.
    "DROP INDEX IF EXISTS contract_reference_parts",
    "CREATE INDEX CONCURRENTLY contract_reference_parts ON subscriptions_contract "
    "USING gin (customers_folded_number(reference) gin_trgm_ops)",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("subscriptions", "0008_clean_up_holds_back"),
        ("customers", "0006_numbers_and_members_are_found"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(INDEX, "DROP INDEX contract_reference_parts")],
            state_operations=[
                migrations.AddIndex(
                    model_name="contract",
                    index=django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            models.Func(
                                models.F("reference"),
                                function="customers_folded_number",
                                output_field=models.TextField(),
                            ),
                            name="gin_trgm_ops",
                        ),
                        name="contract_reference_parts",
                    ),
                ),
            ],
        ),
    ]
