"""Phone numbers, and the subscription that each serves."""

from django.db import models
from django.db.models import Q

from subscriptions.models.subscriptions import Subscription


class PhoneNumber(models.Model):
    """A purchased number, with the subscription that it serves or last served. *Shape*: E.164."""

    class Status(models.TextChoices):
        IN_USE = "in_use", "In use"
        RESERVED = "reserved", "Reserved"
        FREE = "free", "Free"

    number = models.CharField(max_length=16)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="numbers")
    is_ported_in = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.IN_USE)
    reserved_through = models.DateField(null=True, blank=True)
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["number", "subscription"], name="a_number_serves_it_once"),
            models.UniqueConstraint(
                fields=["number"], condition=Q(status="in_use"), name="a_number_serves_one_subscription"
            ),
            models.CheckConstraint(
                condition=Q(status="reserved", reserved_through__isnull=False)
                | (Q(status__in=["in_use", "free"]) & Q(reserved_through__isnull=True)),
                name="a_number_is_reserved_through_a_day",
            ),
            models.CheckConstraint(condition=Q(number__regex=r"^\+[1-9][0-9]{1,14}$"), name="a_number_is_e164"),
        ]
        indexes = [
            models.Index(fields=["reserved_through", "id"], name="number_reserved", condition=Q(status="reserved")),
        ]

    def __str__(self) -> str:
        return self.number
