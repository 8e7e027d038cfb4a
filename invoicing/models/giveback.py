"""What a termination gave back of a charge: waived where it was open, refunded where it was paid."""

from django.db import models
from django.db.models import F, Q

from invoicing.models.amounts import AMOUNT
from invoicing.models.invoices import ChargeLine


class ChargeWaiver(models.Model):
    """What was set against the open part of a charge; written by the termination `cause_id`."""

    line = models.ForeignKey(
        ChargeLine, models.PROTECT, related_name="waivers", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    cause_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_waiver_is_positive"),
            models.UniqueConstraint(fields=["cause_id", "line"], name="a_charge_is_waived_once_by_a_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"


class ChargeRefund(models.Model):
    """What of a charge went back into Available Credits (before the fee); written by the termination."""

    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="refunds", db_constraint=False)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    amount = models.GeneratedField(
        expression=F("net") + F("tax"), output_field=models.DecimalField(**AMOUNT), db_persist=True
    )
    cause_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(net__gte=0, tax__gte=0) & ~Q(net=0, tax=0),
                name="a_charge_refund_is_positive",
            ),
            models.UniqueConstraint(fields=["cause_id", "line"], name="a_charge_is_refunded_once_by_a_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.net} + {self.tax}"
