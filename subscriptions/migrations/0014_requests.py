import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A termination that carries out a request is of its subscription and on its day, and is named by it; the request is
# closed by a termination of its subscription. Both point at each other, so they are checked at commit.
KEYS = """
ALTER TABLE subscriptions_termination
    ADD CONSTRAINT a_request_is_carried_out_for_its_day
        FOREIGN KEY (request_id, subscription_id, terminated_on)
        REFERENCES subscriptions_terminationrequest (id, subscription_id, ends_on),
    ADD CONSTRAINT a_request_names_what_carries_it_out
        FOREIGN KEY (request_id, id) REFERENCES subscriptions_terminationrequest (id, termination_id)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE subscriptions_terminationrequest
    ADD CONSTRAINT a_request_is_closed_by_the_end_of_its_subscription
        FOREIGN KEY (termination_id, subscription_id) REFERENCES subscriptions_termination (id, subscription_id)
        DEFERRABLE INITIALLY DEFERRED;
"""
DROP_KEYS = """
ALTER TABLE subscriptions_termination
    DROP CONSTRAINT a_request_is_carried_out_for_its_day,
    DROP CONSTRAINT a_request_names_what_carries_it_out;
ALTER TABLE subscriptions_terminationrequest
    DROP CONSTRAINT a_request_is_closed_by_the_end_of_its_subscription;
"""

_SAID = (
    "uuid",
    "subscription_id",
    "organisation_id",
    "ends_on",
    "reason_id",
    "explanation",
    "requested_by",
    "requested_on",
    "channel",
    "ticket",
    "quote",
    "actor",
    "actor_user_id",
    "asked_at",
    "asked_on",
)
_WHY = ("needs_person_since", "refusal_code", "refusal_values", "refusal_sentence")


def _differ(columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"ROW({old}) IS DISTINCT FROM ROW({new})"


_REFUSED = (
    ("a_request_is_never_deleted", "DELETE", "true"),
    ("a_closed_request_never_changes", "UPDATE", "OLD.state <> 'open'"),
    ("what_a_request_says_is_never_changed", "UPDATE", _differ(_SAID)),
    ("why_a_request_waits_is_kept", "UPDATE", f"OLD.needs_person_since IS NOT NULL AND {_differ(_WHY)}"),
)
NEVER = "".join(
    f"CREATE TRIGGER {name} BEFORE {verb} ON subscriptions_terminationrequest FOR EACH ROW WHEN ({condition}) "
    f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    for name, verb, condition in _REFUSED
)

# What every business table has: a note in the audit of each write from outside an operation.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON subscriptions_terminationrequest "
    f"REFERENCING {transition} TABLE AS changed_rows FOR EACH STATEMENT "
    f"EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for verb, transition in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)

# They go with the table.
NOTHING = migrations.RunSQL.noop


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0011_keys_of_forms"),
        ("invoicing", "0016_keys_of_forms"),
        ("jobs", "0002_guards"),
        ("settings_app", "0006_config_goes_forward"),
        ("subscriptions", "0013_runs_are_those_of_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TerminationRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("ends_on", models.DateField()),
                ("explanation", models.CharField(max_length=2000)),
                ("requested_by", models.CharField(max_length=200)),
                ("requested_on", models.DateField()),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("phone", "Phone"),
                            ("email", "E-mail"),
                            ("ticket", "Ticket"),
                            ("letter", "Letter"),
                            ("in_person", "In person"),
                        ],
                        max_length=10,
                    ),
                ),
                ("ticket", models.CharField(blank=True, max_length=100)),
                ("quote", models.JSONField()),
                ("actor", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("asked_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("withdrawn", "Withdrawn"),
                            ("carried_out", "Carried out"),
                            ("closed", "Ended otherwise"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("needs_person_since", models.DateTimeField(blank=True, null=True)),
                ("refusal_code", models.CharField(blank=True, default="", max_length=60)),
                ("refusal_values", models.JSONField(blank=True, null=True)),
                ("refusal_sentence", models.TextField(blank=True, default="")),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_by", models.CharField(blank=True, default="", max_length=150)),
                ("withdrawal_reason", models.CharField(blank=True, default="", max_length=2000)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="termination",
            name="a_request_says_who_asked_when_and_why",
        ),
        migrations.RemoveConstraint(
            model_name="termination",
            name="a_person_explains_a_termination",
        ),
        migrations.AddField(
            model_name="terminationrequest",
            name="actor_user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="terminationrequest",
            name="closed_by_user",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="terminationrequest",
            name="organisation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.organisation",
            ),
        ),
        migrations.AddField(
            model_name="terminationrequest",
            name="reason",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="settings_app.terminationreason",
            ),
        ),
        migrations.AddField(
            model_name="terminationrequest",
            name="subscription",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="subscriptions.subscription",
            ),
        ),
        migrations.AddField(
            model_name="terminationrequest",
            name="termination",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="subscriptions.termination",
            ),
        ),
        migrations.AddField(
            model_name="termination",
            name="request",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="terminations",
                to="subscriptions.terminationrequest",
            ),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("case", "customer_request"), _negated=True),
                    models.Q(
                        ("reason__isnull", False),
                        ("requested_on__isnull", False),
                        models.Q(("actor_kind", "agent"), ("request__isnull", False), _connector="OR"),
                        models.Q(("requested_by", ""), _negated=True),
                        models.Q(("channel", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_request_says_who_asked_when_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("request__isnull", True), models.Q(("actor_kind", "agent"), _negated=True)),
                    models.Q(models.Q(("explanation", ""), _negated=True), ("quote_id__isnull", False)),
                    _connector="OR",
                ),
                name="a_person_explains_a_termination",
            ),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("request__isnull", True), ("actor_kind__in", ["agent", "system"]), _connector="OR"
                ),
                name="a_request_is_carried_out_here",
            ),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.UniqueConstraint(
                condition=models.Q(("request__isnull", False)),
                fields=("request",),
                name="a_request_is_carried_out_once",
            ),
        ),
        migrations.AddIndex(
            model_name="terminationrequest",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["ends_on", "id"], name="request_open_by_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "withdrawn", "carried_out", "closed"])),
                name="a_request_has_a_known_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["phone", "email", "ticket", "letter", "in_person"])),
                name="a_request_came_by_a_known_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("explanation", ""), _negated=True),
                    models.Q(("requested_by", ""), _negated=True),
                    models.Q(("actor", ""), _negated=True),
                ),
                name="a_request_says_who_wants_the_end_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("asked_on"))), name="a_request_is_for_a_day_ahead"
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("requested_on__lte", models.F("asked_on"))),
                name="a_request_is_recorded_after_the_customer_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at__isnull", True),
                        ("closed_by", ""),
                        ("closed_by_user__isnull", True),
                        ("state", "open"),
                        ("termination__isnull", True),
                        ("withdrawal_reason", ""),
                    ),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("closed_by_user__isnull", False),
                        ("state", "withdrawn"),
                        ("termination__isnull", True),
                        models.Q(("withdrawal_reason", ""), _negated=True),
                        models.Q(("closed_by", ""), _negated=True),
                    ),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("state__in", ["carried_out", "closed"]),
                        ("termination__isnull", False),
                        ("withdrawal_reason", ""),
                        models.Q(("closed_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_request_has_what_its_state_says",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("needs_person_since__isnull", True),
                        ("refusal_code", ""),
                        ("refusal_sentence", ""),
                        ("refusal_values__isnull", True),
                    ),
                    models.Q(
                        ("needs_person_since__isnull", False),
                        ("refusal_values__isnull", False),
                        models.Q(("refusal_code", ""), _negated=True),
                        models.Q(("refusal_sentence", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_request_that_needs_a_person_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("subscription",),
                name="a_subscription_has_one_open_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.UniqueConstraint(
                fields=("id", "subscription", "ends_on"), name="request_and_its_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="terminationrequest",
            constraint=models.UniqueConstraint(fields=("id", "termination"), name="request_and_termination"),
        ),
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(NEVER + UNMARKED, NOTHING),
    ]
