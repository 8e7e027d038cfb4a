"""Agreements that subscriptions are tied to, and the place that each takes in its contract."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from customers.models import Organisation, folded_number
from subscriptions.models.subscriptions import Subscription


class Contract(models.Model):
    """An agreement that subscriptions are tied to; its billing plan changes what comes back."""

    class BillingPlan(models.TextChoices):
        AS_INCURRED = "as_incurred", "As incurred"
        MILESTONE = "milestone", "Milestone"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        READY = "ready", "Ready"
        IN_PROGRESS = "in_progress", "In progress"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"

    reference = models.CharField(max_length=100, unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="contracts", db_index=False)
    billing_plan = models.CharField(max_length=15, choices=BillingPlan.choices)
    status = models.CharField(max_length=15, choices=Status.choices, default=Status.PENDING)
    starts_on = models.DateField()
    ends_on = models.DateField()
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["reference"]
        constraints = [
            models.CheckConstraint(
                condition=Q(billing_plan__in=["as_incurred", "milestone"]),
                name="a_contract_has_a_known_billing_plan",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "ready", "in_progress", "completed", "cancelled"]),
                name="a_contract_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_contract_ends_after_it_starts"
            ),
        ]
        indexes = [
            GinIndex(OpClass(folded_number("reference"), name="gin_trgm_ops"), name="contract_reference_parts"),
        ]

    def __str__(self) -> str:
        return self.reference


class ContractItem(models.Model):
    """A contract's place that a subscription takes; freed by its termination."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="items")
    subscription = models.OneToOneField(Subscription, models.PROTECT, related_name="contract_item")
    freed_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.contract_id}/{self.subscription_id}"
