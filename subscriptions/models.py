"""What organisations pay for: products, plans, contracts, subscriptions, cycles, numbers - and how it ended."""

import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from customers.models import LedgerEntry, Member, Organisation
from invoicing.models import AMOUNT, ChargeLine, CreditNote
from settings_app.models import PortalConfigVersion, TerminationReason


class Product(models.Model):
    """What is sold ("SIP Trunk")."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """One priced variant of a product. *Units*: price of one month, net."""

    sku = models.CharField(max_length=100, unique=True)
    product = models.ForeignKey(Product, models.PROTECT, related_name="plans")
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    price_per_month = models.DecimalField(**AMOUNT)
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["product", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(price_per_month__gte=0), name="a_price_is_not_negative"),
            models.UniqueConstraint(fields=["id", "currency"], name="plan_and_currency"),
        ]

    def __str__(self) -> str:
        return self.name


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
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="contracts")
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

    def __str__(self) -> str:
        return self.reference


class Subscription(models.Model):
    """One organisation's purchase of one plan.

    `status` is stored for lists only and brought up to date by the nightly run; decisions ask the facts
    (`policies.status_on`). `expires_on` is the last day of the last cycle, both inclusive.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        EXPIRED = "expired", "Expired"
        TERMINATED = "terminated", "Terminated"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="subscriptions", db_constraint=False, db_index=False
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions", db_constraint=False)
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


class ContractItem(models.Model):
    """A contract's place that a subscription takes; freed by its termination."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="items")
    subscription = models.OneToOneField(Subscription, models.PROTECT, related_name="contract_item")
    freed_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.contract_id}/{self.subscription_id}"


class Cycle(models.Model):
    """A run of whole months that was charged for. *Shape*: half-open, `first_day` to before `day_after`."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="cycles", db_index=False)
    first_day = models.DateField()
    day_after = models.DateField()
    months = models.PositiveIntegerField()
    is_external_invoice = models.BooleanField(
        default=False, help_text="Invoiced elsewhere: the customer's balance was never charged."
    )
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
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="charges")
    line = models.OneToOneField(ChargeLine, models.PROTECT, related_name="cycle_charge")
    first_day = models.DateField()
    day_after = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(day_after__gt=F("first_day")), name="a_charge_covers_at_least_one_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id}/{self.line_id}"


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
            models.Index(fields=["reserved_through"], name="number_reserved", condition=Q(status="reserved")),
        ]

    def __str__(self) -> str:
        return self.number


class Assignment(models.Model):
    """A member who uses the subscription; ended by its termination."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="assignments")
    member = models.ForeignKey(Member, models.PROTECT, related_name="assignments")
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


class CleanUpRun(models.Model):
    """One run of the nightly clean-up. It counts with each batch; one that was killed stays without an end."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=150)
    as_of = models.DateField()
    workers = models.PositiveIntegerField()
    limit = models.PositiveBigIntegerField(null=True, blank=True)
    # Ended before its work was done, because somebody asked it to.
    was_stopped = models.BooleanField(default=False)
    expired = models.PositiveBigIntegerField(default=0)
    terminated = models.PositiveBigIntegerField(default=0)
    # Of those terminated, how many had auto-renewal on: a sign that new cycles did not come in before.
    renewing = models.PositiveBigIntegerField(default=0)
    released_numbers = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        verbose_name = "clean-up run"
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
                name="a_run_finishes_after_it_started",
            ),
            models.CheckConstraint(condition=Q(workers__gte=1), name="a_run_has_at_least_one_worker"),
            models.CheckConstraint(
                condition=Q(renewing__lte=F("terminated")), name="a_run_counts_renewing_among_terminated"
            ),
            models.CheckConstraint(
                condition=Q(was_stopped=False) | Q(finished_at__isnull=False),
                name="a_run_that_was_stopped_has_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class CleanUpFailure(models.Model):
    """A subscription that a run could not terminate, and why."""

    run = models.ForeignKey(CleanUpRun, models.PROTECT, related_name="failures", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="+")
    reason = models.TextField()

    class Meta:
        ordering = ["id"]
        verbose_name = "clean-up failure"
        constraints = [
            models.UniqueConstraint(fields=["run", "subscription"], name="a_run_fails_a_subscription_once"),
        ]

    def __str__(self) -> str:
        return self.reason


class Termination(models.Model):
    """The final end of a subscription, as it was asked for, shown and applied. Never edited, never deleted.

    Source: domain.md 5. `quote` is the preview as applied, line by line, with the policy's parameters.
    """

    class Case(models.TextChoices):
        CUSTOMER_REQUEST = "customer_request", "Customer request"
        EXPIRED = "expired", "Expired"
        ENDED_BEFORE_MOVE = "ended_before_move", "Ended before the move"

    class Channel(models.TextChoices):
        PHONE = "phone", "Phone"
        E_MAIL = "email", "E-mail"
        TICKET = "ticket", "Ticket"
        LETTER = "letter", "Letter"
        IN_PERSON = "in_person", "In person"

    class ActorKind(models.TextChoices):
        AGENT = "agent", "Agent"
        SYSTEM = "system", "System"
        IMPORT = "import", "Import"

    class Choice(models.TextChoices):
        CREDIT_NOTE = "credit_note", "Choose from Invoice app"
        AUTOMATIC = "automatic", "No credit note has been sent"
        SIMPLIFIED = "simplified", "Simplified termination"
        NONE = "none", "None"

    class Settlement(models.TextChoices):
        CREDIT_NOTE_LINKED = "credit_note_linked", "Credit note linked"
        CREDITED = "credited", "Credited"
        NOTHING_DUE = "nothing_due", "Nothing due"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.OneToOneField(Subscription, models.PROTECT, related_name="termination")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="terminations", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    case = models.CharField(max_length=20, choices=Case.choices)
    terminated_at = models.DateTimeField()
    terminated_on = models.DateField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor = models.CharField(max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.ForeignKey(
        TerminationReason, models.PROTECT, null=True, blank=True, related_name="terminations"
    )
    explanation = models.CharField(max_length=2000, blank=True)
    requested_by = models.CharField(max_length=200, blank=True)
    requested_on = models.DateField(null=True, blank=True)
    channel = models.CharField(max_length=10, choices=Channel.choices, blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    config_version = models.ForeignKey(PortalConfigVersion, models.PROTECT, null=True, blank=True, related_name="+")
    choice = models.CharField(max_length=15, choices=Choice.choices, default=Choice.NONE)
    settlement = models.CharField(max_length=20, choices=Settlement.choices)
    credit_note = models.OneToOneField(
        CreditNote, models.PROTECT, null=True, blank=True, related_name="termination"
    )
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, null=True, blank=True, related_name="termination")
    # The entry's amount; a composite key holds entry, cause and amount together (migration 0002).
    credited = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    waived = models.DecimalField(**AMOUNT, default=0)
    nothing_reason = models.CharField(max_length=300, blank=True)
    quote = models.JSONField(null=True, blank=True)
    acknowledgements = models.JSONField(default=list, blank=True)
    quote_id = models.UUIDField(null=True, blank=True, unique=True)
    clean_up_run = models.ForeignKey(
        CleanUpRun, models.PROTECT, null=True, blank=True, related_name="terminations", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(case__in=["customer_request", "expired", "ended_before_move"]),
                name="a_termination_has_a_known_case",
            ),
            models.CheckConstraint(
                condition=Q(actor_kind__in=["agent", "system", "import"]),
                name="a_termination_has_a_known_actor_kind",
            ),
            models.CheckConstraint(
                condition=Q(choice__in=["credit_note", "automatic", "simplified", "none"]),
                name="a_termination_has_a_known_choice",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["", "phone", "email", "ticket", "letter", "in_person"]),
                name="a_termination_has_a_known_channel",
            ),
            models.CheckConstraint(
                condition=Q(
                    settlement="credit_note_linked",
                    credit_note__isnull=False,
                    entry__isnull=True,
                    credited__isnull=True,
                )
                | Q(
                    settlement="credited",
                    credit_note__isnull=True,
                    entry__isnull=False,
                    # NULL > 0 is unknown, and a CHECK lets the unknown pass.
                    credited__isnull=False,
                    credited__gt=0,
                )
                | Q(
                    settlement="nothing_due",
                    credit_note__isnull=True,
                    entry__isnull=True,
                    credited__isnull=True,
                ),
                name="a_settlement_has_what_its_kind_says",
            ),
            models.CheckConstraint(
                condition=Q(case="customer_request") | Q(settlement="nothing_due"),
                name="only_a_customer_request_is_refunded",
            ),
            models.CheckConstraint(
                condition=~Q(case="customer_request")
                | (
                    Q(requested_on__isnull=False, reason__isnull=False, actor_kind="agent")
                    & ~Q(requested_by="")
                    & ~Q(channel="")
                ),
                name="a_request_says_who_asked_when_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(actor_kind="agent") | (~Q(explanation="") & Q(quote_id__isnull=False)),
                name="a_person_explains_a_termination",
            ),
            models.CheckConstraint(
                condition=Q(requested_on__isnull=True) | Q(requested_on__lte=F("terminated_on")),
                name="a_request_comes_before_its_termination",
            ),
            models.CheckConstraint(
                condition=Q(clean_up_run__isnull=True) | Q(case="expired", actor_kind="system"),
                name="a_run_ends_what_has_expired",
            ),
            models.UniqueConstraint(fields=["id", "subscription"], name="termination_and_subscription"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="termination_by_organisation"),
            models.Index(
                fields=["clean_up_run", "id"],
                name="termination_by_run",
                condition=Q(clean_up_run__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)
