"""Name a cause a cause: what holds a note stands in a higher app, and need not be a termination."""

from django.db import migrations, models

# Table and new name, by old name.
RENAMED = {
    "a_note_held_by_a_termination_is_not_voided": ("creditnote", "a_note_held_by_a_cause_is_not_voided"),
    "a_termination_holds_a_note_once": ("creditnotehold", "a_cause_holds_a_note_once"),
    "a_note_stands_for_charges_of_the_termination_that_holds_it": (
        "creditnotestand",
        "a_note_stands_for_charges_of_the_cause_that_holds_it",
    ),
}
RENAMED_INDEXES = {
    "a_note_settles_one_termination": "a_note_settles_one_cause",
    "a_termination_is_settled_by_one_note": "a_cause_is_settled_by_one_note",
}
RENAME = [
    *(
        (
            f"ALTER TABLE invoicing_{table} RENAME CONSTRAINT {old} TO {new}",
            f"ALTER TABLE invoicing_{table} RENAME CONSTRAINT {new} TO {old}",
        )
        for old, (table, new) in RENAMED.items()
    ),
    *(
        (f"ALTER INDEX {old} RENAME TO {new}", f"ALTER INDEX {new} RENAME TO {old}")
        for old, new in RENAMED_INDEXES.items()
    ),
]


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0013_no_unread_indexes")]

    operations = [
        migrations.RunSQL(
            sql=[forward for forward, _ in RENAME],
            reverse_sql=[back for _, back in RENAME],
            state_operations=[
                migrations.RemoveConstraint("creditnote", "a_note_held_by_a_termination_is_not_voided"),
                migrations.AddConstraint(
                    "creditnote",
                    models.CheckConstraint(
                        condition=~models.Q(status__in=["void", "draft"]) | models.Q(holds=0),
                        name="a_note_held_by_a_cause_is_not_voided",
                    ),
                ),
                migrations.RemoveConstraint("creditnotehold", "a_note_settles_one_termination"),
                migrations.RemoveConstraint("creditnotehold", "a_termination_holds_a_note_once"),
                migrations.RemoveConstraint("creditnotehold", "a_termination_is_settled_by_one_note"),
                migrations.AddConstraint(
                    "creditnotehold",
                    models.UniqueConstraint(
                        fields=["credit_note"], condition=models.Q(kind="settles"), name="a_note_settles_one_cause"
                    ),
                ),
                migrations.AddConstraint(
                    "creditnotehold",
                    models.UniqueConstraint(fields=["credit_note", "cause_id"], name="a_cause_holds_a_note_once"),
                ),
                migrations.AddConstraint(
                    "creditnotehold",
                    models.UniqueConstraint(
                        fields=["cause_id"],
                        condition=models.Q(kind="settles"),
                        name="a_cause_is_settled_by_one_note",
                    ),
                ),
            ],
        ),
    ]
