"""Numbers of documents are found by any part, whatever their dashes and case.

The indexes are made while others read and write: no lock on the tables, some seconds for a million rows.
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

NAMES = {"invoice": "invoice_number_parts", "creditnote": "note_number_parts"}


def _index(model: str) -> list[str]:
    return [
        # What was broken off leaves an index that answers nothing.
        f"DROP INDEX IF EXISTS {NAMES[model]}",
        f"CREATE INDEX CONCURRENTLY {NAMES[model]} ON invoicing_{model} "
        "USING gin (customers_folded_number(number) gin_trgm_ops)",
    ]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("invoicing", "0009_documents_stay_what_they_were"),
        ("customers", "0006_numbers_and_members_are_found"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_index(model), f"DROP INDEX {name}")],
            state_operations=[
                migrations.AddIndex(
                    model_name=model,
                    index=django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            models.Func(
                                models.F("number"),
                                function="customers_folded_number",
                                output_field=models.TextField(),
                            ),
                            name="gin_trgm_ops",
                        ),
                        name=name,
                    ),
                )
            ],
        )
        for model, name in NAMES.items()
    ]
