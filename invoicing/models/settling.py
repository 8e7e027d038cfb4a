"""What a note does as a refund: the charges it stands for, and what it puts into Available Credits."""

import uuid

from django.db import models
from django.db.models import F, Q

from customers.models import LedgerEntry
from invoicing.models.amounts import AMOUNT
from invoicing.models.credit_notes import CreditNote
from invoicing.models.invoices import ChargeLine


class CreditNoteStand(models.Model):
    """What a settling note, which names no charge for it, gives back of a charge of the ended subscription.

    Written by the termination `cause_id`, which holds the note. It counts as a note's line does: a trigger adds it
    to `ChargeLine.noted`. Source: domain.md 3, "A chosen note stands for its charges".
    """

    credit_note = models.ForeignKey(
        CreditNote, models.PROTECT, related_name="stands", db_constraint=False, db_index=False
    )
    line = models.ForeignKey(ChargeLine, models.PROTECT, related_name="note_stands", db_constraint=False)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(**AMOUNT)
    tax = models.DecimalField(**AMOUNT)
    amount = models.GeneratedField(
        expression=F("net") + F("tax"), output_field=models.DecimalField(**AMOUNT), db_persist=True
    )
    cause_id = models.UUIDField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(net__gte=0, tax__gte=0) & ~Q(net=0, tax=0), name="what_a_note_stands_for_is_positive"
            ),
            models.UniqueConstraint(fields=["credit_note", "line"], name="a_note_stands_for_a_charge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.net} + {self.tax}"


class CreditNotePutIn(models.Model):
    """What was left of a note and went into Available Credits: one ledger entry, kept per charge.

    The entry has this row's `uuid` as its cause and exactly its `amount` (a composite key holds them together). A
    trigger adds the amount to `CreditNote.allocated`. Source: domain.md 3, "A chosen note can be used".
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    credit_note = models.ForeignKey(CreditNote, models.PROTECT, related_name="put_ins", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, related_name="put_in")
    # The form that asked for it: the same form sent twice puts in once. A termination's is its `quote_id`.
    request_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=150)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="what_a_note_puts_in_is_positive"),
            models.UniqueConstraint(
                fields=["request_id"], condition=Q(request_id__isnull=False), name="a_form_puts_a_note_in_once"
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="put_in_and_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


class CreditNotePutInLine(models.Model):
    """The part of it that belongs to one charge the note names or stands for; to none where `line` is missing.

    A trigger adds it to `ChargeLine.put_in`, which together with what was refunded stays within what was paid.
    """

    put_in = models.ForeignKey(CreditNotePutIn, models.PROTECT, related_name="lines", db_constraint=False)
    line = models.ForeignKey(
        ChargeLine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="put_ins",
        db_constraint=False,
        db_index=False,
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    # A trigger sums it from the rows that take back.
    taken_back = models.DecimalField(**AMOUNT, default=0, db_default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_part_that_is_put_in_is_positive"),
            models.CheckConstraint(
                condition=Q(taken_back__gte=0, taken_back__lte=F("amount")),
                name="never_more_is_taken_back_of_a_put_in_than_there_was",
            ),
            models.UniqueConstraint(
                fields=["put_in", "line"], nulls_distinct=False, name="a_charge_is_put_in_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
