"""What is taken back of payments, of applications of notes, and of what notes put into Available Credits."""

import uuid

from django.db import models
from django.db.models import F, Q

from customers.models import LedgerEntry
from invoicing.models.amounts import AMOUNT
from invoicing.models.credit_notes import CreditNote, CreditNoteAllocation
from invoicing.models.payments import Payment, PaymentLine
from invoicing.models.settling import CreditNotePutInLine


class TakeBack(models.Model):
    """Taking back of one payment or of one note, whole or by charge. Never changed, never deleted.

    `amount` is the sum of its lines and of `surplus`, the part of a payment that had gone into Available Credits.
    Where Available Credits move, `entry` does it: its cause is this row, and `moved` its amount with its sign.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="take_backs", db_constraint=False
    )
    credit_note = models.ForeignKey(
        CreditNote, models.PROTECT, null=True, blank=True, related_name="take_backs", db_constraint=False
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)
    surplus = models.DecimalField(**AMOUNT, default=0)
    reason = models.CharField(max_length=300)
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, null=True, blank=True, related_name="take_back")
    moved = models.DecimalField(**AMOUNT, null=True, blank=True)
    # The form that asked for it: the same form sent twice takes back once.
    request_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=150)

    class Meta:
        ordering = ["id"]
        permissions = [("take_back", "Can take back a payment or an application of a credit note")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="what_is_taken_back_is_positive"),
            models.CheckConstraint(
                condition=Q(surplus__gte=0, surplus__lte=F("amount")) & (Q(surplus=0) | Q(payment__isnull=False)),
                name="only_a_payment_gives_back_a_surplus",
            ),
            models.CheckConstraint(
                condition=Q(payment__isnull=True, credit_note__isnull=False)
                | Q(payment__isnull=False, credit_note__isnull=True),
                name="a_payment_or_a_note_is_taken_back",
            ),
            models.CheckConstraint(
                condition=Q(entry__isnull=True, moved__isnull=True) | Q(entry__isnull=False, moved__isnull=False),
                name="a_take_back_says_what_its_entry_moved",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_take_back_has_a_reason"),
            models.UniqueConstraint(fields=["request_id"], name="a_form_takes_back_once"),
            models.UniqueConstraint(fields=["id", "currency"], name="take_back_and_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


class TakeBackLine(models.Model):
    """The part that is taken back of what one charge was paid, or of what a note put in for it.

    A trigger takes it from `ChargeLine.paid` or `put_in` and from `CreditNote.allocated`, and adds it to the
    `taken_back` of the row it takes from, which is never above that row's amount.
    """

    take_back = models.ForeignKey(
        TakeBack, models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    payment_line = models.ForeignKey(
        PaymentLine, models.PROTECT, null=True, blank=True, related_name="take_backs", db_index=False
    )
    allocation = models.ForeignKey(
        CreditNoteAllocation, models.PROTECT, null=True, blank=True, related_name="take_backs"
    )
    put_in_line = models.ForeignKey(
        CreditNotePutInLine, models.PROTECT, null=True, blank=True, related_name="take_backs", db_index=False
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(**AMOUNT)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_part_that_is_taken_back_is_positive"),
            models.CheckConstraint(
                condition=Q(payment_line__isnull=False, allocation__isnull=True, put_in_line__isnull=True)
                | Q(payment_line__isnull=True, allocation__isnull=False, put_in_line__isnull=True)
                | Q(payment_line__isnull=True, allocation__isnull=True, put_in_line__isnull=False),
                name="a_part_is_taken_back_of_one_row",
            ),
            models.UniqueConstraint(
                fields=["take_back", "payment_line", "allocation", "put_in_line"],
                nulls_distinct=False,
                name="a_row_is_taken_back_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
