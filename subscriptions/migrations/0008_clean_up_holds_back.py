import django.db.models.deletion
from django.db import migrations, models

# What every business table has: a note in the audit of each write from outside an operation.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON subscriptions_cleanupheld "
    f"REFERENCING {transition} TABLE AS changed_rows FOR EACH STATEMENT "
    f"EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for verb, transition in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)

NEVER_CHANGED = """
CREATE TRIGGER what_a_run_held_is_never_changed BEFORE UPDATE OR DELETE ON subscriptions_cleanupheld
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('what_a_run_held_is_never_changed');
"""

# They go with the table.
NOTHING = migrations.RunSQL.noop


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0007_stands_of_settled_notes")]

    operations = [
        migrations.AddField(
            model_name="cleanuprun",
            name="held",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="cleanuprun",
            name="is_also_renewing",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="cleanuprun",
            name="report",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="cleanupfailure",
            name="expires_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="cleanupfailure",
            name="days_expired",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="CleanUpHeld",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("expires_on", models.DateField()),
                ("days_expired", models.PositiveIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="subscriptions.cleanuprun",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "verbose_name": "subscription held back",
                "verbose_name_plural": "subscriptions held back",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "subscription"), name="a_run_holds_a_subscription_once")
                ],
            },
        ),
        migrations.RunSQL(UNMARKED, NOTHING),
        migrations.RunSQL(NEVER_CHANGED, NOTHING),
    ]
