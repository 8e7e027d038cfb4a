"""Money documents: invoices with charge lines, payments, credit notes, and what was given back of a charge.

A charge line carries four gross sums (`paid`, `noted`, `waived`, `refunded`). Triggers keep them from the
rows they sum (payment lines and allocations; lines of notes that count; waivers; refunds), and the caps are
CHECKs on that line: see migration 0002. Nothing else may write them.
"""

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q

from customers.models import Organisation

AMOUNT: dict[str, Any] = {"max_digits": 16, "decimal_places": 4}


class NumberSeries(models.Model):
    """A series of document numbers (prefix and length: IN-0000275), drawn without gaps under a row lock."""

    class Document(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"

    document = models.CharField(max_length=12, choices=Document.choices, unique=True)
    prefix = models.CharField(max_length=10)
    length = models.PositiveSmallIntegerField(default=7)
    last_number = models.PositiveBigIntegerField(default=0)
    # The first number of the series; 1 unless imported documents of the same form were there before.
    first_number = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [
            models.CheckConstraint(
                condition=Q(document__in=["invoice", "credit_note"]), name="a_series_has_a_known_document"
            ),
            models.CheckConstraint(
                condition=Q(last_number=0) | Q(last_number__gte=F("first_number")),
                name="a_series_starts_at_its_first_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}{'0' * self.length}"


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
    number = models.CharField(max_length=60, unique=True)
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
            models.UniqueConstraint(
                fields=["series", "sequence_number"], name="an_invoice_has_its_own_place_in_the_series"
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
        ]

    def __str__(self) -> str:
        return self.number


class ChargeLine(models.Model):
    """One charge on an invoice. *Units*: `net`, `tax` as charged; the four sums are gross."""

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

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(net__gte=0, tax__gte=0), name="a_charge_is_not_negative"),
            models.CheckConstraint(
                condition=Q(kind__in=["plan", "add_on", "number", "activation_fee", "usage", "other"]),
                name="a_charge_has_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=0, noted__gte=0, waived__gte=0, refunded__gte=0),
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
                condition=Q(refunded__lte=F("paid")), name="refunded_stays_within_what_was_paid"
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="charge_line_and_currency"),
        ]

    def __str__(self) -> str:
        return self.description


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
    request_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)

    class Meta:
        ordering = ["id"]
        permissions = [("record_payment", "Can record a payment")]
        constraints = [
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
    number = models.CharField(max_length=60, unique=True)
    series = models.ForeignKey(
        NumberSeries, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    sequence_number = models.PositiveBigIntegerField(null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="credit_notes", db_constraint=False, db_index=False
    )
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="credit_notes", db_constraint=False
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
    request_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("send_creditnote", "Can mark a credit note as sent"),
            ("void_creditnote", "Can void a credit note"),
            ("allocate_creditnote", "Can allocate a credit note"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "sequence_number"], name="a_note_has_its_own_place_in_the_series"
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
                name="a_note_held_by_a_termination_is_not_voided",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="note_and_currency"),
            models.UniqueConstraint(fields=["id", "organisation"], name="note_and_organisation"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="note_by_organisation"),
            models.Index(fields=["status", "-id"], name="note_by_status"),
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
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    # All allocations of one sent form share it; the same form sent twice allocates once.
    request_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_allocation_is_positive"),
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
                fields=["credit_note"], condition=Q(kind="settles"), name="a_note_settles_one_termination"
            ),
            models.UniqueConstraint(fields=["credit_note", "cause_id"], name="a_termination_holds_a_note_once"),
            models.UniqueConstraint(
                fields=["cause_id"], condition=Q(kind="settles"), name="a_termination_is_settled_by_one_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause_id}"


class ChargeWaiver(models.Model):
    """What was set against the open part of a charge; written by the termination `cause_id`."""

    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="waivers", db_constraint=False)
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
