"""Who pays for which plan, and what stands beside it: add-ons, the members who use it, its history."""

import uuid

from django.db import models
from django.db.models import Q

from customers.models import Member, Organisation
from invoicing.models import AMOUNT
from subscriptions.models.plans import Plan


class Subscription(models.Model):
    """One organisation's purchase of one plan.

    `status` is stored for lists only and brought up to date by the nightly run; decisions ask the facts
    (`policies.standing.standing`). `expires_on` is the last day of the last cycle, both inclusive.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        EXPIRED = "expired", "Expired"
        TERMINATED = "terminated", "Terminated"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="subscriptions", db_constraint=False, db_index=False
    )
    plan = models.ForeignKey(
        Plan, models.PROTECT, related_name="subscriptions", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    started_on = models.DateField()
    expires_on = models.DateField()
    auto_renew = models.BooleanField(default=True)
    is_trial = models.BooleanField(default=False)
    # Points at the termination; a deferred composite key (migration 0002) makes it this subscription's own.
    termination_ref = models.BigIntegerField(null=True, blank=True, editable=False)
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("terminate_subscription", "Can terminate a subscription"),
            ("change_renewal", "Can unsubscribe and resubscribe"),
            ("recover_renewal", "Can recover a renewal"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "expired", "terminated"]),
                name="a_subscription_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=Q(status="terminated", termination_ref__isnull=False)
                | (~Q(status="terminated") & Q(termination_ref__isnull=True)),
                name="a_terminated_subscription_has_its_termination",
            ),
            models.CheckConstraint(
                condition=~Q(status="terminated", auto_renew=True),
                name="a_terminated_subscription_does_not_renew",
            ),
            models.UniqueConstraint(fields=["id", "termination_ref"], name="subscription_and_termination"),
        ]
        indexes = [
            models.Index(fields=["organisation", "status", "expires_on"], name="subscription_by_organisation"),
            models.Index(
                fields=["expires_on", "id"],
                name="subscription_by_expiry",
                condition=~Q(status="terminated"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class AddOn(models.Model):
    """Something bought on top of the plan. *Units*: price of one month, net."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="add_ons")
    name = models.CharField(max_length=120)
    price_per_month = models.DecimalField(**AMOUNT)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(price_per_month__gte=0), name="an_add_on_price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """A member who uses the subscription; ended by its termination."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="assignments")
    member = models.ForeignKey(Member, models.PROTECT, related_name="assignments", db_index=False)
    assigned_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "member"],
                condition=Q(ended_on__isnull=True),
                name="a_member_is_assigned_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id}/{self.member_id}"


class HistoryEntry(models.Model):
    """One line of a subscription's history."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="history", db_index=False)
    at = models.DateTimeField()
    event = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    actor = models.CharField(max_length=150)

    class Meta:
        verbose_name_plural = "history entries"
        ordering = ["-id"]
        indexes = [models.Index(fields=["subscription", "-id"], name="history_by_subscription")]

    def __str__(self) -> str:
        return self.event
