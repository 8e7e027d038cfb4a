"""What an organisation was charged: invoices and their lines.

A charge line carries five gross sums (`paid`, `noted`, `waived`, `refunded`, `put_in`). Triggers keep them from
the rows they sum (payment lines and allocations; lines of notes that count and what settling notes stand for;
waivers; refunds; what notes put into Available Credits), and the caps are CHECKs on that line: see migrations 0002
and 0006. Nothing else may write them.
"""

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from customers.models import Organisation, folded_number
from invoicing import policies
from invoicing.models.amounts import AMOUNT
from invoicing.models.series import NumberSeries


class Invoice(models.Model):
    """What an organisation was charged. `charged`, `paid` and `waived` are gross sums over its lines."""

    class Kind(models.TextChoices):
        TOP_UP = "top_up", "Top-up"
        PROFORMA = "proforma", "Proforma"
        TAX = "tax", "Tax invoice"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        AWAITING_PAYMENT = "awaiting_payment", "Awaiting payment"
        PAID = "paid", "Paid"
        VOID = "void", "Void"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(max_length=60)
    series = models.ForeignKey(
        NumberSeries, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    sequence_number = models.PositiveBigIntegerField(null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="invoices", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TAX)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    issued_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    charged = models.DecimalField(**AMOUNT, default=0)
    paid = models.DecimalField(**AMOUNT, default=0)
    waived = models.DecimalField(**AMOUNT, default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # Compared character by character, so that one index also finds the beginnings of numbers.
            models.UniqueConstraint(
                fields=["number"], opclasses=["varchar_pattern_ops"], name="an_invoice_has_its_own_number"
            ),
            models.UniqueConstraint(
                fields=["series", "sequence_number"],
                condition=Q(series__isnull=False),
                name="an_invoice_has_its_own_place_in_the_series",
            ),
            models.CheckConstraint(
                condition=Q(series__isnull=True, sequence_number__isnull=True)
                | Q(series__isnull=False, sequence_number__isnull=False),
                name="an_invoice_of_a_series_has_a_place_in_it",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["top_up", "proforma", "tax"]), name="an_invoice_has_a_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "awaiting_payment", "paid", "void"]),
                name="an_invoice_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "void"])
                | Q(status="paid", charged=F("paid") + F("waived"))
                | Q(status="awaiting_payment", charged__gt=F("paid") + F("waived")),
                name="an_invoice_is_paid_when_nothing_is_open",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["draft", "void"]) | Q(paid=0, waived=0),
                name="a_draft_or_void_invoice_is_not_paid",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="invoice_and_currency"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="invoice_by_organisation"),
            models.Index(fields=["status", "-id"], name="invoice_by_status"),
            models.Index(fields=["issued_on", "id"], name="invoice_by_issue"),
            models.Index(fields=["issued_on", "id"], name="invoice_unpaid", condition=Q(status="awaiting_payment")),
            GinIndex(OpClass(folded_number("number"), name="gin_trgm_ops"), name="invoice_number_parts"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_charging(self) -> bool:
        """Tell whether its charges are owed or paid: those of a draft are not yet, of a void invoice no longer."""
        return self.status not in policies.NOT_CHARGING


class ChargeLine(models.Model):
    """One charge on an invoice. *Units*: `net`, `tax` as charged; the five sums are gross."""

    class Kind(models.TextChoices):
        PLAN = "plan", "Plan"
        ADD_ON = "add_on", "Add-on"
        NUMBER = "number", "Number"
        ACTIVATION_FEE = "activation_fee", "Activation fee"
        USAGE = "usage", "Usage"
        OTHER = "other", "Other"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines", db_constraint=False)
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    description = models.CharField(max_length=300)
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    charged = models.GeneratedField(
        expression=F("net") + F("tax"), output_field=models.DecimalField(**AMOUNT), db_persist=True
    )
    paid = models.DecimalField(**AMOUNT, default=0)
    noted = models.DecimalField(**AMOUNT, default=0)
    waived = models.DecimalField(**AMOUNT, default=0)
    refunded = models.DecimalField(**AMOUNT, default=0)
    put_in = models.DecimalField(**AMOUNT, default=0, db_default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(net__gte=0, tax__gte=0), name="a_charge_is_not_negative"),
            models.CheckConstraint(
                condition=Q(kind__in=["plan", "add_on", "number", "activation_fee", "usage", "other"]),
                name="a_charge_has_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=0, noted__gte=0, waived__gte=0, refunded__gte=0, put_in__gte=0),
                name="the_sums_of_a_charge_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(net__gte=F("noted") + F("waived") + F("refunded") - F("tax")),
                name="notes_waived_and_refunded_stay_within_the_charge",
            ),
            models.CheckConstraint(
                condition=Q(net__gte=F("paid") + F("waived") - F("tax")),
                name="paid_and_waived_stay_within_the_charge",
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=F("refunded") + F("put_in")),
                name="refunded_and_put_in_stay_within_what_was_paid",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="charge_line_and_currency"),
        ]

    def __str__(self) -> str:
        return self.description
