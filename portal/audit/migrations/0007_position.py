import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

# Whoever is writing an event has committed it when this is granted; those who come later wait for the end.
ALONE = "LOCK TABLE audit_auditentry IN SHARE ROW EXCLUSIVE MODE;"

# Events of before were read in the order of their keys, and keep it.
NUMBER_ALL = """
INSERT INTO audit_position (position, event_id, numbered_at)
SELECT row_number() OVER (ORDER BY id), id, %s FROM audit_auditentry
"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION portal_wait_for_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unnumbered (event_id) SELECT id FROM new_rows;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION portal_take_positions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first_given bigint;
    last_given bigint;
    given bigint;
BEGIN
    SELECT min(position), max(position), count(*) INTO first_given, last_given, given FROM new_rows;
    IF given = 0 THEN
        RETURN NULL;
    END IF;
    -- No two are the same, so those in between are all there where their number fits.
    IF last_given - first_given + 1 <> given OR first_given < 1 OR (
        first_given > 1 AND NOT EXISTS (SELECT FROM audit_position WHERE position = first_given - 1)
    ) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_NAME, '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    -- Planned anew each time: a plan that is kept would be made for the few rows of its first call.
    EXECUTE 'DELETE FROM audit_unnumbered WHERE event_id IN (SELECT event_id FROM new_rows)';
    RETURN NULL;
END $$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION portal_take_positions();
DROP FUNCTION portal_wait_for_position();
"""

TRIGGERS = """
CREATE TRIGGER wait_for_a_position AFTER INSERT ON audit_auditentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION portal_wait_for_position();
CREATE TRIGGER what_waits_for_a_position_is_kept_by_triggers BEFORE INSERT OR UPDATE OR DELETE ON audit_unnumbered
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION portal_refuse_change('what_waits_for_a_position_is_kept_by_triggers');
CREATE TRIGGER a_position_follows_the_last AFTER INSERT ON audit_position
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION portal_take_positions();
CREATE TRIGGER a_position_is_never_changed BEFORE UPDATE OR DELETE ON audit_position FOR EACH ROW
    EXECUTE FUNCTION portal_refuse_change('a_position_is_never_changed');
"""
DROP_TRIGGERS = """
DROP TRIGGER a_position_is_never_changed ON audit_position;
DROP TRIGGER a_position_follows_the_last ON audit_position;
DROP TRIGGER what_waits_for_a_position_is_kept_by_triggers ON audit_unnumbered;
DROP TRIGGER wait_for_a_position ON audit_auditentry;
"""


def number_all(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(NUMBER_ALL, [timezone.now()])


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_events")]

    operations = [
        migrations.RunSQL(ALONE, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Unnumbered",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="audit.auditentry",
                    ),
                )
            ],
            options={
                "ordering": ["event"],
                "verbose_name": "event without a position",
                "verbose_name_plural": "events without a position",
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("numbered_at", models.DateTimeField()),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="audit.auditentry",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [models.UniqueConstraint(fields=("event",), name="an_event_has_one_position")],
            },
        ),
        # The foreign key is made when all is done, and checks all rows at once.
        migrations.RunPython(number_all, migrations.RunPython.noop),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, DROP_TRIGGERS),
    ]
