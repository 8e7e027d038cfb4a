"""Deliveries of events: written with the event that they tell of, carried out after its transaction."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.audit.models import AuditEntry


class Notice(models.Model):
    """What one organisation is told of one kind on one day, in one message, however much it is about.

    *Units*: `on` is the day where the organisation is. *Shape*: `uuid` is the cause of its delivery.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation_uuid = models.UUIDField()
    kind = models.CharField(max_length=40)
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_uuid", "kind", "on"], name="an_organisation_has_one_notice_of_a_kind_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class NoticeItem(models.Model):
    """One thing that a notice tells of. It is told once of each day that it is about.

    *Shape*: `subject_uuid` names it; `about` is what it is there, where that is not all of it: a number.
    """

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="items", db_index=False)
    kind = models.CharField(max_length=40)
    subject_uuid = models.UUIDField()
    about = models.CharField(max_length=40, blank=True)
    on = models.DateField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_uuid", "kind", "about", "on"], name="a_thing_is_told_once_of_a_day"
            ),
        ]
        indexes = [models.Index(fields=["notice", "on", "id"], name="item_of_a_notice")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_uuid} {self.on}"


class Delivery(models.Model):
    """One delivery of an event, to be made at least once; `message_id` makes a repeat recognisable.

    An e-mail's text is composed once, at the first attempt, and kept. What is older than events has none; its text
    comes from its cause alone.

    While it is pending, nobody touches it before `next_attempt_at`: a sender that takes it moves that instant on
    first. `delivered_to` are the addresses that have it already, so that a retry for one does not repeat it to
    the other.
    """

    class Status(models.TextChoices):
        DEAD = "dead", "Dead letter"
        PENDING = "pending", "Pending"
        SENT = "sent", "Sent"

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"

    class Addressee(models.TextChoices):
        CUSTOMER = "customer", "Customer, the provider in copy"
        PROVIDER = "provider", "Provider"

    # Both are written by one statement and an event is never deleted, so no key has to be looked up for each row.
    event = models.ForeignKey(
        AuditEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    channel = models.CharField(max_length=10, choices=Channel.choices, db_default=Channel.EMAIL)
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    addressee = models.CharField(max_length=10, choices=Addressee.choices)
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
    delivered_to = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["id"]
        permissions = [("send_again", "Can put a dead letter back to be sent")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "sent", "dead"]),
                name="a_delivery_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=models.Q(channel__in=["email"]),
                name="a_delivery_goes_by_a_known_channel",
            ),
            models.UniqueConstraint(
                fields=["event", "channel", "addressee"],
                condition=models.Q(event__isnull=False),
                name="an_event_is_delivered_once_by_a_channel",
            ),
            models.CheckConstraint(
                condition=models.Q(addressee__in=["customer", "provider"]),
                name="a_delivery_has_a_known_addressee",
            ),
            models.CheckConstraint(
                condition=~models.Q(to="", status__in=["pending", "sent"]),
                name="a_delivery_without_an_address_is_a_dead_letter",
            ),
            models.CheckConstraint(
                condition=models.Q(status="sent", sent_at__isnull=False)
                | (~models.Q(status="sent") & models.Q(sent_at__isnull=True)),
                name="a_delivery_is_sent_exactly_when_it_says_when",
            ),
            models.UniqueConstraint(fields=["kind", "cause_id"], name="a_cause_has_one_delivery_of_a_kind"),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outbox_due", condition=models.Q(status="pending")),
            models.Index(fields=["status", "-id"], name="outbox_by_status"),
            models.Index(fields=["organisation_uuid", "-id"], name="outbox_by_organisation"),
        ]

    def __str__(self) -> str:
        return self.subject
