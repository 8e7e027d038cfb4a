import uuid

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("kind", models.CharField(max_length=40)),
                (
                    "status",
                    models.CharField(
                        choices=[("dead", "Dead letter"), ("pending", "Pending"), ("sent", "Sent")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                (
                    "addressee",
                    models.CharField(
                        choices=[("customer", "Customer, the provider in copy"), ("provider", "Provider")],
                        max_length=10,
                    ),
                ),
                ("to", models.CharField(blank=True, max_length=320)),
                ("cc", models.CharField(blank=True, max_length=320)),
                ("subject", models.CharField(max_length=250)),
                ("body", models.TextField()),
                ("cause_id", models.UUIDField()),
                ("organisation_uuid", models.UUIDField()),
                ("message_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("created_at", models.DateTimeField()),
                ("next_attempt_at", models.DateTimeField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                (
                    "delivered_to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=320), blank=True, default=list, size=None
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["id"],
                "permissions": [("send_again", "Can put a dead letter back to be sent")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["next_attempt_at"],
                        name="outbox_due",
                    ),
                    models.Index(fields=["status", "-id"], name="outbox_by_status"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "sent", "dead"])),
                        name="a_message_has_a_known_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("addressee__in", ["customer", "provider"])),
                        name="a_message_has_a_known_addressee",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "sent"]), ("to", ""), _negated=True),
                        name="a_message_without_an_address_is_a_dead_letter",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("status", "sent")),
                            models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="a_message_is_sent_exactly_when_it_says_when",
                    ),
                    models.UniqueConstraint(fields=("kind", "cause_id"), name="a_cause_has_one_message_of_a_kind"),
                ],
            },
        ),
    ]
