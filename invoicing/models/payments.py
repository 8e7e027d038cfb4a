"""What came in for an invoice, and which of its lines it pays."""

import uuid

from django.db import models
from django.db.models import Q

from invoicing.models.amounts import AMOUNT
from invoicing.models.invoices import ChargeLine, Invoice


class Payment(models.Model):
    """Money that came in for one invoice, kept per line in `PaymentLine`."""

    class Method(models.TextChoices):
        BANK_TRANSFER = "bank_transfer", "Bank transfer"
        CARD = "card", "Card"
        CREDITS = "credits", "Available Credits"
        CHEQUE = "cheque", "Cheque"
        IMPORTED = "imported", "Paid before the move"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    method = models.CharField(max_length=15, choices=Method.choices)
    received_on = models.DateField()
    reference = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    # Drawn by the form: the same form sent twice is one payment.
    request_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        permissions = [("record_payment", "Can record a payment")]
        constraints = [
            models.UniqueConstraint(
                fields=["request_id"], condition=Q(request_id__isnull=False), name="a_form_records_one_payment"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_is_positive"),
            models.CheckConstraint(
                condition=Q(method__in=["bank_transfer", "card", "credits", "cheque", "imported"]),
                name="a_payment_has_a_known_method",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="payment_and_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


class PaymentLine(models.Model):
    """The part of a payment that pays one charge line."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="lines", db_constraint=False, db_index=False)
    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="payment_lines", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_line_is_positive"),
            models.UniqueConstraint(fields=["payment", "line"], name="a_payment_pays_a_charge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
