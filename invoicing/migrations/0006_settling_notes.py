import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

NEW = ("invoicing_creditnotestand", "invoicing_creditnoteputin", "invoicing_creditnoteputinline")

KEYS = """
ALTER TABLE invoicing_creditnotestand
    ADD CONSTRAINT creditnotestand_has_the_currency_of_its_credit_note
        FOREIGN KEY (credit_note_id, currency) REFERENCES invoicing_creditnote (id, currency),
    ADD CONSTRAINT creditnotestand_has_the_currency_of_its_line
        FOREIGN KEY (line_id, currency) REFERENCES invoicing_chargeline (id, currency),
    -- Only the termination that a note settles says what it stands for, and it holds the note.
    ADD CONSTRAINT a_note_stands_for_charges_of_the_termination_that_holds_it
        FOREIGN KEY (credit_note_id, cause_id) REFERENCES invoicing_creditnotehold (credit_note_id, cause_id);
ALTER TABLE invoicing_creditnoteputin
    ADD CONSTRAINT creditnoteputin_has_the_currency_of_its_credit_note
        FOREIGN KEY (credit_note_id, currency) REFERENCES invoicing_creditnote (id, currency),
    -- The entry names this row as its cause and moves exactly its amount.
    ADD CONSTRAINT what_a_note_puts_in_has_its_own_entry
        FOREIGN KEY (entry_id, uuid, amount) REFERENCES customers_ledgerentry (id, cause_id, amount);
ALTER TABLE invoicing_creditnoteputinline
    ADD CONSTRAINT creditnoteputinline_has_the_currency_of_its_put_in
        FOREIGN KEY (put_in_id, currency) REFERENCES invoicing_creditnoteputin (id, currency),
    ADD CONSTRAINT creditnoteputinline_has_the_currency_of_its_line
        FOREIGN KEY (line_id, currency) REFERENCES invoicing_chargeline (id, currency);
"""
DROP_KEYS = """
ALTER TABLE invoicing_creditnoteputinline
    DROP CONSTRAINT creditnoteputinline_has_the_currency_of_its_line,
    DROP CONSTRAINT creditnoteputinline_has_the_currency_of_its_put_in;
ALTER TABLE invoicing_creditnoteputin
    DROP CONSTRAINT what_a_note_puts_in_has_its_own_entry,
    DROP CONSTRAINT creditnoteputin_has_the_currency_of_its_credit_note;
ALTER TABLE invoicing_creditnotestand
    DROP CONSTRAINT a_note_stands_for_charges_of_the_termination_that_holds_it,
    DROP CONSTRAINT creditnotestand_has_the_currency_of_its_line,
    DROP CONSTRAINT creditnotestand_has_the_currency_of_its_credit_note;
"""

TRANSITIONS = {"INSERT": "NEW TABLE AS new_rows", "DELETE": "OLD TABLE AS old_rows"}
TRANSITIONS["UPDATE"] = f"{TRANSITIONS['DELETE']} {TRANSITIONS['INSERT']}"
SUMMED = (
    ("invoicing_creditnotestand", "invoicing_sum_rows('noted')"),
    ("invoicing_creditnoteputinline", "invoicing_sum_rows('put_in')"),
)
SUMS = (
    "".join(
        f"CREATE TRIGGER sum_{verb.lower()} AFTER {verb} ON {table} REFERENCING {transition} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function};\n"
        for table, function in SUMMED
        for verb, transition in TRANSITIONS.items()
    )
    + """
CREATE TRIGGER sum_put_in AFTER INSERT ON invoicing_creditnoteputin
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION invoicing_sum_allocations();
"""
)
DROP_SUMS = (
    "".join(f"DROP TRIGGER sum_{verb.lower()} ON {table};\n" for table, _ in SUMMED for verb in TRANSITIONS)
    + "DROP TRIGGER sum_put_in ON invoicing_creditnoteputin;\n"
)

FINAL = (
    ("invoicing_creditnotestand", "what_a_note_stands_for_is_never_changed"),
    ("invoicing_creditnoteputin", "what_a_note_put_in_is_never_changed"),
    ("invoicing_creditnoteputinline", "a_part_that_was_put_in_is_never_changed"),
)
GUARDS = "".join(
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
    f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    for table, name in FINAL
) + "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    "FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for table in NEW
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_GUARDS = "".join(f"DROP TRIGGER {name} ON {table};\n" for table, name in FINAL) + "".join(
    f"DROP TRIGGER unmarked_{verb} ON {table};\n" for table in NEW for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0004_entries_of_notes"),
        ("invoicing", "0005_plan_sums_anew"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditNotePutIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=16)),
                ("request_id", models.UUIDField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField()),
                ("actor", models.CharField(max_length=150)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="CreditNotePutInLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=16)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="CreditNoteStand",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("currency", models.CharField(max_length=3)),
                ("net", models.DecimalField(decimal_places=4, max_digits=16)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=16)),
                (
                    "amount",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("net"), "+", models.F("tax")
                        ),
                        output_field=models.DecimalField(decimal_places=4, max_digits=16),
                    ),
                ),
                ("cause_id", models.UUIDField()),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="chargeline",
            name="the_sums_of_a_charge_are_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="chargeline",
            name="refunded_stays_within_what_was_paid",
        ),
        migrations.AddField(
            model_name="chargeline",
            name="put_in",
            field=models.DecimalField(db_default=0, decimal_places=4, default=0, max_digits=16),
        ),
        migrations.AddConstraint(
            model_name="chargeline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("noted__gte", 0),
                    ("paid__gte", 0),
                    ("put_in__gte", 0),
                    ("refunded__gte", 0),
                    ("waived__gte", 0),
                ),
                name="the_sums_of_a_charge_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargeline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "paid__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("refunded"), "+", models.F("put_in")
                        ),
                    )
                ),
                name="refunded_and_put_in_stay_within_what_was_paid",
            ),
        ),
        migrations.AddField(
            model_name="creditnoteputin",
            name="credit_note",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="put_ins",
                to="invoicing.creditnote",
            ),
        ),
        migrations.AddField(
            model_name="creditnoteputin",
            name="entry",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="put_in", to="customers.ledgerentry"
            ),
        ),
        migrations.AddField(
            model_name="creditnoteputinline",
            name="line",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="put_ins",
                to="invoicing.chargeline",
            ),
        ),
        migrations.AddField(
            model_name="creditnoteputinline",
            name="put_in",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="invoicing.creditnoteputin",
            ),
        ),
        migrations.AddField(
            model_name="creditnotestand",
            name="credit_note",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stands",
                to="invoicing.creditnote",
            ),
        ),
        migrations.AddField(
            model_name="creditnotestand",
            name="line",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="note_stands",
                to="invoicing.chargeline",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteputin",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="what_a_note_puts_in_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteputin",
            constraint=models.UniqueConstraint(
                condition=models.Q(("request_id__isnull", False)),
                fields=("request_id",),
                name="a_form_puts_a_note_in_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteputin",
            constraint=models.UniqueConstraint(fields=("id", "currency"), name="put_in_and_currency"),
        ),
        migrations.AddConstraint(
            model_name="creditnoteputinline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="a_part_that_is_put_in_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteputinline",
            constraint=models.UniqueConstraint(
                fields=("put_in", "line"), name="a_charge_is_put_in_once_at_a_time", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnotestand",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("net__gte", 0), ("tax__gte", 0), models.Q(("net", 0), ("tax", 0), _negated=True)
                ),
                name="what_a_note_stands_for_is_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnotestand",
            constraint=models.UniqueConstraint(
                fields=("credit_note", "line"), name="a_note_stands_for_a_charge_once"
            ),
        ),
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(SUMS, DROP_SUMS),
        migrations.RunSQL(GUARDS, DROP_GUARDS),
    ]
