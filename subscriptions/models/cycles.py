"""What was paid for: runs of whole months, and the invoice lines that charged for them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from invoicing.models import ChargeLine
from subscriptions.models.numbers import PhoneNumber
from subscriptions.models.plans import Plan
from subscriptions.models.subscriptions import AddOn, Subscription


class Cycle(models.Model):
    """A run of whole months that was charged for. *Shape*: half-open, `first_day` to before `day_after`."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="cycles", db_index=False)
    first_day = models.DateField()
    day_after = models.DateField()
    months = models.PositiveIntegerField()
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["subscription", "first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(day_after__gt=F("first_day")), name="a_cycle_has_at_least_one_day"),
            models.CheckConstraint(condition=Q(months__gte=1), name="a_cycle_has_at_least_one_month"),
            models.UniqueConstraint(fields=["subscription", "first_day"], name="a_cycle_begins_once"),
            ExclusionConstraint(
                name="two_cycles_of_a_subscription_never_share_a_day",
                expressions=[
                    ("subscription", RangeOperators.EQUAL),
                    (
                        Func(
                            F("first_day"),
                            F("day_after"),
                            RangeBoundary(),
                            function="daterange",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} +{self.months}"


class CycleCharge(models.Model):
    """Joins a cycle to an invoice line that charged for it.

    `first_day` is the first day the charge covers: the cycle's, or the day of an addition; a charge ends
    with `day_after` (the cycle's, or the end of the running month for the first charge of an addition).

    `plan`, `add_on` or `number` is what it charged for. An imported charge names none: it is for the plan, and
    whoever changes the plan names in it the plan that it was for. An addition never comes again; its add-on does.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="charges")
    line = models.OneToOneField(ChargeLine, models.PROTECT, related_name="cycle_charge")
    first_day = models.DateField()
    day_after = models.DateField()
    is_external_invoice = models.BooleanField(
        default=False, help_text="Invoiced elsewhere: the customer's balance was never charged."
    )
    plan = models.ForeignKey(Plan, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    add_on = models.ForeignKey(AddOn, models.PROTECT, null=True, blank=True, related_name="charges", db_index=False)
    number = models.ForeignKey(
        PhoneNumber, models.PROTECT, null=True, blank=True, related_name="charges", db_index=False
    )
    is_addition = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(day_after__gt=F("first_day")), name="a_charge_covers_at_least_one_day"
            ),
            models.CheckConstraint(
                condition=Q(plan__isnull=True, add_on__isnull=True)
                | Q(plan__isnull=True, number__isnull=True)
                | Q(add_on__isnull=True, number__isnull=True),
                name="a_charge_is_for_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["add_on"], name="charge_of_add_on", condition=Q(add_on__isnull=False)),
            models.Index(fields=["number"], name="charge_of_number", condition=Q(number__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id}/{self.line_id}"
