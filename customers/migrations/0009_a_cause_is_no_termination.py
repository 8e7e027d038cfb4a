"""Name a cause a cause: what moves money stands in a higher app, and need not be a termination."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_no_unread_indexes")]

    operations = [
        migrations.RunSQL(
            sql="ALTER INDEX a_termination_is_refunded_once RENAME TO a_cause_is_refunded_once",
            reverse_sql="ALTER INDEX a_cause_is_refunded_once RENAME TO a_termination_is_refunded_once",
            state_operations=[
                migrations.RemoveConstraint(model_name="ledgerentry", name="a_termination_is_refunded_once"),
                migrations.AddConstraint(
                    model_name="ledgerentry",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("kind", "refund")),
                        fields=("cause_id",),
                        name="a_cause_is_refunded_once",
                    ),
                ),
            ],
        ),
    ]
