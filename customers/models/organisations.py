"""Who the customers are, and the people there."""

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models


def folded_number(column: str) -> models.Func:
    """Fold the number or reference in a column as `policies.folded_number` folds a question (migration 0006)."""
    return models.Func(models.F(column), function="customers_folded_number", output_field=models.TextField())


class Organisation(models.Model):
    """A customer account. Customers never log in here."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    class PaymentMode(models.TextChoices):
        PREPAID = "prepaid", "Prepaid"
        POSTPAID = "postpaid", "Postpaid"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    payment_mode = models.CharField(max_length=10, choices=PaymentMode.choices, default=PaymentMode.PREPAID)
    owner_email = models.CharField(max_length=254, blank=True)
    billing_email = models.CharField(max_length=254, blank=True)
    customer_reference = models.CharField(max_length=100, blank=True)
    created_on = models.DateField(null=True, blank=True)
    # No file says it: billing staff do, each time with the reason.
    is_tax_exempt = models.BooleanField(default=False, db_default=False)
    # SHA-256 of the normalised row this record was imported from; empty when the portal made it.
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        permissions = [
            ("change_contacts", "Can change name, addresses and reference"),
            ("change_tax_exemption", "Can say whether taxes are charged"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "suspended"]),
                name="an_organisation_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=models.Q(payment_mode__in=["prepaid", "postpaid"]),
                name="an_organisation_has_a_known_payment_mode",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="an_organisation_has_a_currency"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="an_organisation_has_a_name"),
            # What composite foreign keys of other tables point at (see migration 0002).
            models.UniqueConstraint(fields=["id", "currency"], name="organisation_and_currency"),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="organisation_by_name"),
            GinIndex(
                OpClass(folded_number("customer_reference"), name="gin_trgm_ops"),
                name="organisation_reference_parts",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person at a customer."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        ADMIN = "admin", "Admin"
        MEMBER = "member", "Member"

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="members", db_index=False)
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "email"], name="a_member_is_listed_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "admin", "member"]), name="a_member_has_a_known_role"
            ),
        ]

    def __str__(self) -> str:
        return self.name
