"""Messages that are to be sent: written with the fact they tell, sent after its transaction."""

import uuid

from django.db import models


class Message(models.Model):
    """One e-mail to be sent at least once; `message_id` makes a repeat recognisable."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENT = "sent", "Sent"
        DEAD = "dead", "Dead letter"

    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    to = models.CharField(max_length=320, blank=True)
    cc = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=250)
    body = models.TextField()
    cause_id = models.UUIDField()
    organisation_uuid = models.UUIDField()
    message_id = models.UUIDField(default=uuid.uuid4, unique=True)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "sent", "dead"]),
                name="a_message_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=~models.Q(to="", status__in=["pending", "sent"]),
                name="a_message_without_an_address_is_a_dead_letter",
            ),
            models.UniqueConstraint(fields=["kind", "cause_id"], name="a_cause_has_one_message_of_a_kind"),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outbox_due", condition=models.Q(status="pending")),
        ]

    def __str__(self) -> str:
        return self.subject
