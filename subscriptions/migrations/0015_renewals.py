"""Know what a charge was for, and keep the renewals that were refused."""

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER a_refused_renewal_is_never_changed BEFORE UPDATE OR DELETE ON subscriptions_renewalrefusal FOR EACH ROW
    EXECUTE FUNCTION portal_refuse_change('a_refused_renewal_is_never_changed');
""" + "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON subscriptions_renewalrefusal "
    f"REFERENCING {rows} TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_GUARDS = "DROP TRIGGER a_refused_renewal_is_never_changed ON subscriptions_renewalrefusal;\n" + "".join(
    f"DROP TRIGGER unmarked_{verb} ON subscriptions_renewalrefusal;\n" for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0016_keys_of_forms"),
        ("subscriptions", "0014_requests"),
    ]

    operations = [
        migrations.CreateModel(
            name="RenewalRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("first_day", models.DateField()),
                ("tried_on", models.DateField()),
                ("at", models.DateTimeField()),
                ("code", models.CharField(max_length=40)),
                ("data", models.JSONField(default=dict)),
                ("notice_id", models.UUIDField()),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AlterModelOptions(
            name="subscription",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("terminate_subscription", "Can terminate a subscription"),
                    ("change_renewal", "Can unsubscribe and resubscribe"),
                    ("recover_renewal", "Can recover a renewal"),
                ],
            },
        ),
        migrations.AddField(
            model_name="cyclecharge",
            name="add_on",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="charges",
                to="subscriptions.addon",
            ),
        ),
        migrations.AddField(
            model_name="cyclecharge",
            name="is_addition",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="cyclecharge",
            name="number",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="charges",
                to="subscriptions.phonenumber",
            ),
        ),
        migrations.AddField(
            model_name="cyclecharge",
            name="plan",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="subscriptions.plan",
            ),
        ),
        migrations.AddIndex(
            model_name="cyclecharge",
            index=models.Index(
                condition=models.Q(("add_on__isnull", False)), fields=["add_on"], name="charge_of_add_on"
            ),
        ),
        migrations.AddIndex(
            model_name="cyclecharge",
            index=models.Index(
                condition=models.Q(("number__isnull", False)), fields=["number"], name="charge_of_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="cyclecharge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("add_on__isnull", True), ("plan__isnull", True)),
                    models.Q(("number__isnull", True), ("plan__isnull", True)),
                    models.Q(("add_on__isnull", True), ("number__isnull", True)),
                    _connector="OR",
                ),
                name="a_charge_is_for_one_thing",
            ),
        ),
        migrations.AddField(
            model_name="renewalrefusal",
            name="subscription",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewal_refusals",
                to="subscriptions.subscription",
            ),
        ),
        migrations.AddIndex(
            model_name="renewalrefusal",
            index=models.Index(fields=["notice_id"], name="refusals_of_a_notice"),
        ),
        migrations.AddConstraint(
            model_name="renewalrefusal",
            constraint=models.UniqueConstraint(
                fields=("subscription", "tried_on"), name="a_renewal_is_refused_once_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="renewalrefusal",
            constraint=models.CheckConstraint(
                condition=models.Q(("code", ""), _negated=True), name="a_refused_renewal_says_why"
            ),
        ),
        migrations.RunSQL(GUARDS, DROP_GUARDS),
    ]
