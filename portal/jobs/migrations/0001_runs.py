import uuid

import django.db.models.deletion
from django.db import migrations, models

# The runs of the clean-up become runs of anything; their ids stay, since terminations name them. Statistics, grants
# and foreign keys go along with a table that is renamed.
RENAMED = """
ALTER TABLE subscriptions_cleanuprun RENAME TO jobs_run;
ALTER SEQUENCE subscriptions_cleanuprun_id_seq RENAME TO jobs_run_id_seq;
ALTER TABLE jobs_run RENAME CONSTRAINT subscriptions_cleanuprun_pkey TO jobs_run_pkey;
ALTER TABLE jobs_run RENAME CONSTRAINT subscriptions_cleanuprun_uuid_key TO jobs_run_uuid_key;
ALTER TABLE jobs_run RENAME CONSTRAINT subscriptions_cleanuprun_workers_check TO jobs_run_workers_check;
ALTER TABLE jobs_run RENAME CONSTRAINT subscriptions_cleanuprun_limit_check TO jobs_run_limit_check;
"""
RENAMED_BACK = """
ALTER TABLE jobs_run RENAME CONSTRAINT jobs_run_limit_check TO subscriptions_cleanuprun_limit_check;
ALTER TABLE jobs_run RENAME CONSTRAINT jobs_run_workers_check TO subscriptions_cleanuprun_workers_check;
ALTER TABLE jobs_run RENAME CONSTRAINT jobs_run_uuid_key TO subscriptions_cleanuprun_uuid_key;
ALTER TABLE jobs_run RENAME CONSTRAINT jobs_run_pkey TO subscriptions_cleanuprun_pkey;
ALTER SEQUENCE jobs_run_id_seq RENAME TO subscriptions_cleanuprun_id_seq;
ALTER TABLE jobs_run RENAME TO subscriptions_cleanuprun;
"""

OPENED = "DROP TRIGGER a_finished_run_never_changes ON jobs_run;"
FROZEN = """
CREATE TRIGGER a_finished_run_never_changes BEFORE UPDATE OR DELETE ON jobs_run
    FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL)
    EXECUTE FUNCTION portal_refuse_change('a_finished_run_never_changes');
"""

# Counts have names, whatever a run counts; the checks of the columns go with them.
COUNTED = """
ALTER TABLE jobs_run
    ADD COLUMN kind varchar(20) NOT NULL DEFAULT 'clean_up',
    ADD COLUMN refusal text NOT NULL DEFAULT '',
    ADD COLUMN parameters jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN counts jsonb NOT NULL DEFAULT '{}',
    ALTER COLUMN as_of DROP NOT NULL;
SELECT set_config('portal.operation', 'migrate', true);
UPDATE jobs_run SET
    parameters = jsonb_build_object('also_renewing', is_also_renewing),
    counts = jsonb_build_object('expired', expired, 'terminated', terminated, 'renewing', renewing,
                                'released_numbers', released_numbers, 'failed', failed, 'held', held);
SELECT set_config('portal.operation', '', true);
ALTER TABLE jobs_run
    ALTER COLUMN kind DROP DEFAULT,
    ALTER COLUMN refusal DROP DEFAULT,
    ALTER COLUMN parameters DROP DEFAULT,
    ALTER COLUMN counts DROP DEFAULT,
    DROP COLUMN expired, DROP COLUMN terminated, DROP COLUMN renewing, DROP COLUMN released_numbers,
    DROP COLUMN failed, DROP COLUMN held, DROP COLUMN is_also_renewing,
    ADD CONSTRAINT a_run_that_was_refused_has_finished CHECK (refusal = '' OR finished_at IS NOT NULL),
    ADD CONSTRAINT a_run_counts_from_zero_on CHECK (
        jsonb_typeof(counts) = 'object'
        AND NOT jsonb_path_exists(counts, '$.* ? (@.type() != "number" || @ < 0)')),
    ADD CONSTRAINT a_run_counts_renewing_among_terminated CHECK (
        coalesce((counts ->> 'renewing')::numeric, 0) <= coalesce((counts ->> 'terminated')::numeric, 0));
"""
# Runs of other kinds have no place in the former table.
COUNTED_BACK = """
SELECT set_config('portal.operation', 'migrate', true);
DELETE FROM jobs_run WHERE kind <> 'clean_up';
ALTER TABLE jobs_run
    DROP CONSTRAINT a_run_that_was_refused_has_finished,
    DROP CONSTRAINT a_run_counts_from_zero_on,
    DROP CONSTRAINT a_run_counts_renewing_among_terminated,
    ADD COLUMN expired bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
    ADD COLUMN terminated bigint NOT NULL DEFAULT 0 CHECK (terminated >= 0),
    ADD COLUMN renewing bigint NOT NULL DEFAULT 0 CHECK (renewing >= 0),
    ADD COLUMN released_numbers bigint NOT NULL DEFAULT 0 CHECK (released_numbers >= 0),
    ADD COLUMN failed bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
    ADD COLUMN held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    ADD COLUMN is_also_renewing boolean NOT NULL DEFAULT false;
UPDATE jobs_run SET
    expired = coalesce((counts ->> 'expired')::bigint, 0), terminated = coalesce((counts ->> 'terminated')::bigint, 0),
    renewing = coalesce((counts ->> 'renewing')::bigint, 0), failed = coalesce((counts ->> 'failed')::bigint, 0),
    released_numbers = coalesce((counts ->> 'released_numbers')::bigint, 0),
    held = coalesce((counts ->> 'held')::bigint, 0),
    is_also_renewing = coalesce((parameters ->> 'also_renewing')::boolean, false);
SELECT set_config('portal.operation', '', true);
ALTER TABLE jobs_run
    ALTER COLUMN expired DROP DEFAULT, ALTER COLUMN terminated DROP DEFAULT, ALTER COLUMN renewing DROP DEFAULT,
    ALTER COLUMN released_numbers DROP DEFAULT, ALTER COLUMN failed DROP DEFAULT, ALTER COLUMN held DROP DEFAULT,
    ALTER COLUMN is_also_renewing DROP DEFAULT,
    ADD CONSTRAINT a_run_counts_renewing_among_terminated CHECK (renewing <= terminated),
    ALTER COLUMN as_of SET NOT NULL,
    DROP COLUMN kind, DROP COLUMN refusal, DROP COLUMN parameters, DROP COLUMN counts;
"""

# Whoever may see the runs of the clean-up may see runs, also those who have it from nobody's role.
PERMITTED = """
UPDATE auth_permission p SET codename = replace(p.codename, '_cleanuprun', '_run'),
                             name = replace(p.name, 'clean-up run', 'run')
FROM django_content_type c
WHERE c.id = p.content_type_id AND c.app_label = 'subscriptions' AND c.model = 'cleanuprun';
UPDATE django_content_type SET app_label = 'jobs', model = 'run'
WHERE app_label = 'subscriptions' AND model = 'cleanuprun';
"""
PERMITTED_BACK = """
UPDATE auth_permission p SET codename = replace(p.codename, '_run', '_cleanuprun'),
                             name = regexp_replace(p.name, ' run$', ' clean-up run')
FROM django_content_type c WHERE c.id = p.content_type_id AND c.app_label = 'jobs' AND c.model = 'run';
UPDATE django_content_type SET app_label = 'subscriptions', model = 'cleanuprun'
WHERE app_label = 'jobs' AND model = 'run';
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("portal", "0001_roles"),
        ("subscriptions", "0011_indexes_of_lists"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(RENAMED, RENAMED_BACK),
                migrations.RunSQL(OPENED, FROZEN),
                migrations.RunSQL(COUNTED, COUNTED_BACK),
                migrations.RunSQL(FROZEN, OPENED),
                migrations.RunSQL(PERMITTED, PERMITTED_BACK),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Run",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("kind", models.CharField(max_length=20)),
                        ("started_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                        ("actor", models.CharField(max_length=150)),
                        ("as_of", models.DateField(blank=True, null=True)),
                        ("workers", models.PositiveIntegerField(default=1)),
                        ("limit", models.PositiveBigIntegerField(blank=True, null=True)),
                        ("was_stopped", models.BooleanField(default=False)),
                        ("refusal", models.TextField(blank=True, default="")),
                        ("report", models.TextField(blank=True, default="")),
                        ("parameters", models.JSONField(blank=True, default=dict)),
                        ("counts", models.JSONField(blank=True, default=dict)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("finished_at__isnull", True),
                                    ("finished_at__gte", models.F("started_at")),
                                    _connector="OR",
                                ),
                                name="a_run_finishes_after_it_started",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("workers__gte", 1)), name="a_run_has_at_least_one_worker"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("was_stopped", False), ("finished_at__isnull", False), _connector="OR"
                                ),
                                name="a_run_that_was_stopped_has_finished",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refusal", ""), ("finished_at__isnull", False), _connector="OR"
                                ),
                                name="a_run_that_was_refused_has_finished",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("place", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                            ("left_out", "Left out"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("total", models.PositiveBigIntegerField(blank=True, null=True)),
                ("counts", models.JSONField(blank=True, default=dict)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="jobs.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "part of a run",
                "verbose_name_plural": "parts of runs",
                "ordering": ["run", "place"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "name"), name="a_run_has_a_part_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "running", "done", "stopped", "failed", "left_out"])
                        ),
                        name="a_part_of_a_run_has_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("finished_at__isnull", True),
                            ("finished_at__gte", models.F("started_at")),
                            _connector="OR",
                        ),
                        name="a_part_of_a_run_finishes_after_it_started",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("failed", "Failed"), ("held", "Held"), ("fault", "Fault")], max_length=10
                    ),
                ),
                ("subject_kind", models.CharField(blank=True, default="", max_length=30)),
                ("subject_uuid", models.UUIDField(blank=True, null=True)),
                ("sentence", models.TextField(blank=True, default="")),
                ("data", models.JSONField(blank=True, default=dict)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="jobs.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "item of a run",
                "verbose_name_plural": "items of runs",
                "ordering": ["id"],
                "indexes": [models.Index(fields=["run", "outcome", "id"], name="item_of_a_run")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "outcome", "subject_kind", "subject_uuid"),
                        name="a_run_has_an_outcome_of_a_subject_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["failed", "held", "fault"])),
                        name="an_item_of_a_run_has_a_known_outcome",
                    ),
                ],
            },
        ),
    ]
