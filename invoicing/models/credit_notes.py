"""Credit notes: what they give back, what they pay, and the terminations that hold them."""

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from customers.models import Organisation, folded_number
from invoicing.models.amounts import AMOUNT
from invoicing.models.invoices import ChargeLine, Invoice
from invoicing.models.series import NumberSeries


class CreditNote(models.Model):
    """A document that lowers what the customer owes.

    `allocated` is the sum of its allocations plus `allocated_outside` (imports); `holds` counts the
    terminations that link it or took it off their refund. Triggers keep both, and with them the status of a
    note that was sent.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent"
        PARTLY_APPLIED = "partly_applied", "Partly applied"
        APPLIED = "applied", "Applied"
        VOID = "void", "Void"

    # The states in which a note gives back what it names.
    COUNTED = ("sent", "partly_applied", "applied")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(max_length=60)
    series = models.ForeignKey(
        NumberSeries, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    sequence_number = models.PositiveBigIntegerField(null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="credit_notes", db_constraint=False, db_index=False
    )
    invoice = models.ForeignKey(
        Invoice,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credit_notes",
        db_constraint=False,
        db_index=False,
    )
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=15, choices=Status.choices, default=Status.DRAFT)
    reason = models.CharField(max_length=300, blank=True)
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    total = models.GeneratedField(
        expression=F("net") + F("tax"), output_field=models.DecimalField(**AMOUNT), db_persist=True
    )
    allocated = models.DecimalField(**AMOUNT, default=0)
    allocated_outside = models.DecimalField(**AMOUNT, default=0)
    holds = models.PositiveIntegerField(default=0)
    issued_on = models.DateField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    request_id = models.UUIDField(null=True, blank=True, editable=False)
    # Why it was marked as Sent, and why it was voided; empty where an import said so.
    sending_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    voiding_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("send_creditnote", "Can mark a credit note as sent"),
            ("void_creditnote", "Can void a credit note"),
            ("allocate_creditnote", "Can allocate a credit note"),
        ]
        constraints = [
            # Compared character by character, so that one index also finds the beginnings of numbers.
            models.UniqueConstraint(
                fields=["number"], opclasses=["varchar_pattern_ops"], name="a_note_has_its_own_number"
            ),
            models.UniqueConstraint(
                fields=["request_id"], condition=Q(request_id__isnull=False), name="a_form_makes_one_note"
            ),
            models.UniqueConstraint(
                fields=["series", "sequence_number"],
                condition=Q(series__isnull=False),
                name="a_note_has_its_own_place_in_the_series",
            ),
            models.CheckConstraint(
                condition=Q(series__isnull=True, sequence_number__isnull=True)
                | Q(series__isnull=False, sequence_number__isnull=False),
                name="a_note_of_a_series_has_a_place_in_it",
            ),
            models.CheckConstraint(condition=Q(net__gte=0, tax__gte=0), name="a_note_is_not_negative"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "sent", "partly_applied", "applied", "void"]),
                name="a_note_has_a_known_status",
            ),
            models.CheckConstraint(
                condition=Q(allocated__gte=F("allocated_outside"), allocated_outside__gte=0)
                & Q(net__gte=F("allocated") - F("tax")),
                name="a_note_is_not_allocated_above_its_total",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "sent", "void"], allocated=0)
                | (Q(status="partly_applied", allocated__gt=0) & Q(net__gt=F("allocated") - F("tax")))
                | Q(status="applied", net=F("allocated") - F("tax")),
                name="the_status_of_a_note_says_what_is_allocated",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["void", "draft"]) | Q(holds=0),
                name="a_note_held_by_a_cause_is_not_voided",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="note_and_currency"),
            models.UniqueConstraint(fields=["id", "organisation"], name="note_and_organisation"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="note_by_organisation"),
            models.Index(fields=["status", "-id"], name="note_by_status"),
            models.Index(fields=["issued_on", "id"], name="note_by_issue"),
            GinIndex(OpClass(folded_number("number"), name="gin_trgm_ops"), name="note_number_parts"),
        ]

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(models.Model):
    """What a note gives back; of a charge when it names one (imported notes may name none)."""

    credit_note = models.ForeignKey(
        CreditNote, models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    line = models.ForeignKey(
        ChargeLine, models.PROTECT, null=True, blank=True, related_name="credit_note_lines", db_constraint=False
    )
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=300, blank=True)
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(net__gte=0, tax__gte=0), name="a_note_line_is_not_negative"),
            models.UniqueConstraint(fields=["credit_note", "line"], name="a_note_names_a_charge_once"),
        ]

    def __str__(self) -> str:
        return self.description


class CreditNoteAllocation(models.Model):
    """The part of a note that pays one charge line of an unpaid invoice."""

    credit_note = models.ForeignKey(CreditNote, models.PROTECT, related_name="allocations", db_constraint=False)
    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="allocations", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    # A trigger sums it from the rows that take back.
    taken_back = models.DecimalField(**AMOUNT, default=0, db_default=0)
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    # All allocations of one sent form share it; the same form sent twice allocates once.
    request_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_allocation_is_positive"),
            models.CheckConstraint(
                condition=Q(taken_back__gte=0, taken_back__lte=F("amount")),
                name="never_more_is_taken_back_of_an_allocation_than_there_was",
            ),
            models.UniqueConstraint(fields=["request_id", "line"], name="a_request_allocates_to_a_charge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"


class CreditNoteHold(models.Model):
    """A termination's hold on a note: the note settles it, or was taken off its refund."""

    class Kind(models.TextChoices):
        SETTLES = "settles", "Settles"
        TAKEN_OFF = "taken_off", "Taken off the refund"

    credit_note = models.ForeignKey(CreditNote, models.PROTECT, related_name="held_by")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    cause_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["settles", "taken_off"]), name="a_hold_has_a_known_kind"),
            models.UniqueConstraint(
                fields=["credit_note"], condition=Q(kind="settles"), name="a_note_settles_one_cause"
            ),
            models.UniqueConstraint(fields=["credit_note", "cause_id"], name="a_cause_holds_a_note_once"),
            models.UniqueConstraint(
                fields=["cause_id"], condition=Q(kind="settles"), name="a_cause_is_settled_by_one_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause_id}"
