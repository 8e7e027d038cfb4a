"""What customers can spend: credit accounts and their ledger."""

import uuid
from decimal import Decimal

from django.db import models
from django.db.models.functions import Cast, Coalesce, NullIf

from customers import policies
from customers.models.organisations import Organisation


class CreditAccount(models.Model):
    """What an organisation has and may spend.

    *Units*: amounts of the account's currency; the balance may carry six decimals.
    `balance` and `head` are the `after` and the `sha256` of the entry with `last_seq`, which is their number: a
    deferred foreign key holds the three together, and a trigger takes the account along to each new entry
    (migration 0002).
    """

    organisation = models.OneToOneField(
        Organisation, models.PROTECT, related_name="credit_account", db_constraint=False
    )
    currency = models.CharField(max_length=3)
    balance = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    credit_limit = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    reserved = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    last_seq = models.BigIntegerField(null=True, blank=True, editable=False)
    head = models.BinaryField(max_length=32, null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_seq__isnull=True, head__isnull=True)
                | models.Q(last_seq__isnull=False, head__isnull=False),
                name="an_account_has_a_head_when_it_has_entries",
            ),
            models.CheckConstraint(
                condition=models.Q(last_seq__isnull=False) | models.Q(balance=0),
                name="a_balance_without_entries_is_zero",
            ),
            models.CheckConstraint(condition=models.Q(credit_limit__gte=0), name="a_credit_limit_is_not_negative"),
            models.CheckConstraint(condition=models.Q(reserved__gte=0), name="reserved_is_not_negative"),
            models.UniqueConstraint(fields=["id", "currency"], name="account_and_currency"),
        ]

    def __str__(self) -> str:
        return f"Account of {self.organisation_id}"

    @property
    def available(self) -> Decimal:
        """Compute the Available Credits."""
        return policies.available_credits(
            balance=self.balance, credit_limit=self.credit_limit, reserved=self.reserved
        )


def _as_text(field: str) -> Cast:
    return Cast(models.F(field), models.TextField())


def _or_nothing(expression: models.Expression) -> Coalesce:
    return Coalesce(expression, models.Value(""), output_field=models.TextField())


# The canonical text of an entry, which PostgreSQL hashes: its fields joined by "|", none of which can hold a
# "|". docs/ledger.md describes it; `policies.entry_sha256` is the same in Python. Everything here is immutable
# for PostgreSQL: no cast that depends on a session's time zone or date style.
_SHA256 = models.Func(
    _as_text("account"),
    _as_text("seq"),
    _as_text("amount"),
    models.F("currency"),
    models.F("kind"),
    _or_nothing(_as_text("cause_id")),
    models.Func(
        models.F("at"),
        template="(extract(epoch FROM %(expressions)s AT TIME ZONE 'UTC') * 1000000)::bigint::text",
    ),
    _or_nothing(models.Func(models.F("previous_sha256"), models.Value("hex"), function="encode")),
    template="sha256((%(expressions)s)::bytea)",
    arg_joiner=" || '|' || ",
)


class LedgerEntry(models.Model):
    """One movement on a credit account, linked to the one before it. Never changed, never deleted.

    `cause_id` is the UUID of what moved the money (a termination, for a refund); the cause, which lives in
    a higher app, holds the one-to-one. `sha256` is made by the database over what was moved, when and why, and
    over `previous_sha256`, which a foreign key holds at the `sha256` of the entry before.
    """

    class Kind(models.TextChoices):
        OPENING_BALANCE = "opening_balance", "Opening balance"
        TOP_UP = "top_up", "Top-up"
        CHARGE = "charge", "Charge"
        REFUND = "refund", "Refund"
        CORRECTION = "correction", "Correction"
        CREDIT_NOTE = "credit_note", "Credit note"

    account = models.ForeignKey(
        CreditAccount, models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    seq = models.BigIntegerField()
    previous_seq = models.GeneratedField(
        expression=NullIf(models.F("seq") - 1, models.Value(0)),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    currency = models.CharField(max_length=3)
    before = models.DecimalField(max_digits=20, decimal_places=6)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    after = models.DecimalField(max_digits=20, decimal_places=6)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    cause_id = models.UUIDField(null=True, blank=True)
    is_unbilled = models.BooleanField(default=False, help_text="To be put on the monthly invoice (postpaid).")
    at = models.DateTimeField()
    on = models.DateField()
    description = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    # Drawn when a form is shown, so that the same form sent twice posts one entry.
    request_id = models.UUIDField(null=True, blank=True)
    previous_sha256 = models.BinaryField(max_length=32, null=True, editable=False)
    sha256 = models.GeneratedField(
        expression=_SHA256, output_field=models.BinaryField(max_length=32), db_persist=True
    )

    class Meta:
        verbose_name_plural = "ledger entries"
        permissions = [
            ("post_correction", "Can post a correction entry"),
            ("post_top_up", "Can top up Available Credits"),
        ]
        ordering = ["account", "-seq"]
        constraints = [
            models.UniqueConstraint(fields=["account", "seq"], name="an_entry_has_its_own_place"),
            models.UniqueConstraint(
                fields=["account", "seq", "after", "sha256"], name="an_entry_its_balance_and_hash"
            ),
            models.UniqueConstraint(fields=["id", "cause_id", "amount"], name="an_entry_its_cause_and_amount"),
            models.CheckConstraint(
                condition=models.Q(after=models.F("before") + models.F("amount")),
                name="an_entry_adds_up",
            ),
            models.CheckConstraint(
                condition=models.Q(seq__gt=1) | models.Q(seq=1, before=0),
                name="the_first_entry_starts_at_zero",
            ),
            models.CheckConstraint(
                condition=models.Q(seq=1, previous_sha256__isnull=True)
                | models.Q(~models.Q(seq=1), previous_sha256__isnull=False),
                name="an_entry_names_the_hash_before_it",
            ),
            models.CheckConstraint(condition=~models.Q(amount=0), name="an_entry_moves_something"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["opening_balance", "top_up", "charge", "refund", "correction", "credit_note"]
                ),
                name="an_entry_has_a_known_kind",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="refund") | models.Q(cause_id__isnull=False, amount__gt=0),
                name="a_refund_has_a_cause_and_adds",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="credit_note") | models.Q(cause_id__isnull=False),
                name="what_a_note_puts_in_has_a_cause",
            ),
            models.UniqueConstraint(
                fields=["cause_id"],
                condition=models.Q(kind="refund"),
                name="a_cause_is_refunded_once",
            ),
            models.UniqueConstraint(
                fields=["cause_id"],
                condition=models.Q(kind="charge"),
                name="a_cause_is_charged_once",
            ),
            models.UniqueConstraint(
                fields=["request_id"],
                condition=models.Q(request_id__isnull=False),
                name="a_form_posts_one_entry",
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(kind="opening_balance"),
                name="an_account_opens_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["cause_id"],
                name="entry_by_cause",
                condition=models.Q(cause_id__isnull=False),
            ),
            models.Index(fields=["on", "id"], name="entry_by_day"),
            models.Index(fields=["kind", "-id"], name="entry_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class TopUp(models.Model):
    """Available Credits raised by hand: the cause of its entry. Never changed, never deleted.

    *Units*: whole minor units of the currency.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="top_ups", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=16, decimal_places=4)
    reason = models.CharField(max_length=500)
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, related_name="top_up")
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=150)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="a_top_up_is_positive"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="a_top_up_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"
