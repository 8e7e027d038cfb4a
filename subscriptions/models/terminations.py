"""How a subscription ended: who asked, what was shown, and how it was settled."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Coalesce

from customers.models import LedgerEntry, Organisation
from invoicing.models import CreditNote
from portal.jobs.models import Run
from settings_app.models import PortalConfigVersion, TerminationReason
from subscriptions.models.requests import TerminationRequest
from subscriptions.models.subscriptions import Subscription


def _as_text(expression: models.Expression | str) -> Cast:
    return Cast(expression, models.TextField())


def _or_nothing(expression: models.Expression) -> Coalesce:
    return Coalesce(expression, models.Value(""), output_field=models.TextField())


def _free(expression: models.Expression | str) -> models.Func:
    # What people write may hold any sign: its length in front of it says where it ends.
    return models.Func(expression, template="octet_length(%(expressions)s)::text || ':' || %(expressions)s")


def _day(field: str) -> models.Func:
    # A date as text follows the session's date style: not so the days since 1970.
    return models.Func(F(field), template="(%(expressions)s - DATE '1970-01-01')::text")


# The canonical text of a termination, which PostgreSQL hashes; docs/ledger.md describes it field by field. All is
# immutable for PostgreSQL. Backslashes are doubled, since a cast to bytea reads them as escapes. The quote is the
# longest by far: it comes last, where it needs no length.
_SHA256 = models.Func(
    _as_text("uuid"),
    _as_text("subscription"),
    _as_text("organisation"),
    F("currency"),
    F("case"),
    models.Func(
        F("terminated_at"),
        template="(extract(epoch FROM %(expressions)s AT TIME ZONE 'UTC') * 1000000)::bigint::text",
    ),
    _day("terminated_on"),
    F("actor_kind"),
    _free("actor"),
    _or_nothing(_as_text("actor_user")),
    _or_nothing(_as_text("reason")),
    _free("explanation"),
    _free("requested_by"),
    _or_nothing(_day("requested_on")),
    F("channel"),
    _free("ticket"),
    _or_nothing(_as_text("config_version")),
    F("choice"),
    F("settlement"),
    _or_nothing(_as_text("credit_note")),
    _or_nothing(_as_text("entry")),
    _or_nothing(_as_text("credited")),
    _as_text("waived"),
    _free("nothing_reason"),
    _free(_as_text("acknowledgements")),
    _or_nothing(_as_text("quote_id")),
    _or_nothing(_as_text("clean_up_run")),
    _or_nothing(_as_text("quote")),
    template=r"sha256(replace(%(expressions)s, '\', '\\')::bytea)",
    arg_joiner=" || '|' || ",
)


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
    subscription = models.OneToOneField(
        Subscription, models.PROTECT, related_name="termination", db_constraint=False
    )
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
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.ForeignKey(
        TerminationReason, models.PROTECT, null=True, blank=True, related_name="terminations", db_index=False
    )
    explanation = models.CharField(max_length=2000, blank=True)
    requested_by = models.CharField(max_length=200, blank=True)
    requested_on = models.DateField(null=True, blank=True)
    channel = models.CharField(max_length=10, choices=Channel.choices, blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    config_version = models.ForeignKey(
        PortalConfigVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    choice = models.CharField(max_length=15, choices=Choice.choices, default=Choice.NONE)
    settlement = models.CharField(max_length=20, choices=Settlement.choices)
    credit_note = models.OneToOneField(
        CreditNote, models.PROTECT, null=True, blank=True, related_name="termination"
    )
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, null=True, blank=True, related_name="termination")
    # The entry's amount; a composite key holds entry, cause and amount together (migration 0002).
    credited = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    # A sum over charges, so wider than an amount.
    waived = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    nothing_reason = models.CharField(max_length=300, blank=True)
    quote = models.JSONField(null=True, blank=True)
    acknowledgements = models.JSONField(default=list, blank=True)
    quote_id = models.UUIDField(null=True, blank=True, unique=True)
    clean_up_run = models.ForeignKey(
        Run, models.PROTECT, null=True, blank=True, related_name="terminations", db_index=False
    )
    # The scheduled end that this carries out. It is not part of the hash, whose text was fixed before: keys hold it
    # to the subscription and the day, which are (migration 0014).
    request = models.ForeignKey(
        TerminationRequest,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="terminations",
        db_index=False,
        db_constraint=False,
    )
    sha256 = models.GeneratedField(
        expression=_SHA256, output_field=models.BinaryField(max_length=32), db_persist=True
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
                    Q(requested_on__isnull=False, reason__isnull=False)
                    & (Q(actor_kind="agent") | Q(request__isnull=False))
                    & ~Q(requested_by="")
                    & ~Q(channel="")
                ),
                name="a_request_says_who_asked_when_and_why",
            ),
            models.CheckConstraint(
                condition=(Q(request__isnull=True) & ~Q(actor_kind="agent"))
                | (~Q(explanation="") & Q(quote_id__isnull=False)),
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
            models.CheckConstraint(
                condition=Q(request__isnull=True) | Q(actor_kind__in=["agent", "system"]),
                name="a_request_is_carried_out_here",
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(request__isnull=False), name="a_request_is_carried_out_once"
            ),
            models.UniqueConstraint(fields=["id", "subscription"], name="termination_and_subscription"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="termination_by_organisation"),
            models.Index(fields=["terminated_on", "id"], name="termination_by_day"),
            # What customers asked for is few among what has expired, and what is looked at most.
            models.Index(fields=["-id"], name="termination_asked_for", condition=Q(case="customer_request")),
            models.Index(
                fields=["terminated_on", "id"],
                name="termination_asked_for_by_day",
                condition=Q(case="customer_request"),
            ),
            models.Index(
                fields=["clean_up_run", "id"],
                name="termination_by_run",
                condition=Q(clean_up_run__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)
