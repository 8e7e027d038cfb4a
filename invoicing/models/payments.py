"""What came in for an invoice, and which of its lines it pays."""

import uuid

from django.db import models
from django.db.models import F, Q

from customers.models import LedgerEntry
from invoicing.models.amounts import AMOUNT
from invoicing.models.invoices import ChargeLine, Invoice


class Payment(models.Model):
    """Money that came in for one invoice, kept per line in `PaymentLine`.

    `surplus` is the part that was not open on the invoice and went into Available Credits, by an entry of its own
    whose cause is the payment.
    """

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
    surplus = models.DecimalField(**AMOUNT, default=0, db_default=0)
    surplus_taken_back = models.DecimalField(**AMOUNT, default=0, db_default=0)
    surplus_entry = models.OneToOneField(
        LedgerEntry, models.PROTECT, null=True, blank=True, related_name="payment_surplus"
    )
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
                condition=Q(surplus__gte=0, surplus__lte=F("amount")), name="a_surplus_is_a_part_of_its_payment"
            ),
            models.CheckConstraint(
                condition=Q(surplus_taken_back__gte=0, surplus_taken_back__lte=F("surplus")),
                name="never_more_is_taken_back_of_a_surplus_than_there_was",
            ),
            models.CheckConstraint(
                condition=Q(surplus__lte=0, surplus_entry__isnull=True)
                | Q(surplus__gt=0, surplus_entry__isnull=False),
                name="a_surplus_has_its_entry",
            ),
            models.CheckConstraint(
                condition=Q(method__in=["bank_transfer", "card", "credits", "cheque", "imported"]),
                name="a_payment_has_a_known_method",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="payment_and_currency"),
        ]
        indexes = [models.Index(fields=["received_on", "id"], name="payment_by_receipt")]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


class PaymentLine(models.Model):
    """The part of a payment that pays one charge line."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="lines", db_constraint=False, db_index=False)
    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="payment_lines", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    # A trigger sums it from the rows that take back.
    taken_back = models.DecimalField(**AMOUNT, default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_line_is_positive"),
            models.CheckConstraint(
                condition=Q(taken_back__gte=0, taken_back__lte=F("amount")),
                name="never_more_is_taken_back_of_a_payment_than_there_was",
            ),
            models.UniqueConstraint(fields=["payment", "line"], name="a_payment_pays_a_charge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
