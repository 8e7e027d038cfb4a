"""What was asked for a later day: the end of a subscription, kept until its day is over."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from customers.models import Organisation
from settings_app.models import TerminationReason
from subscriptions.models.subscriptions import Subscription

# For statements that renew: nobody asked for the end of `s` on a day up to that of the expression.
NO_END_ASKED = """NOT EXISTS (
    SELECT FROM subscriptions_terminationrequest q
    WHERE q.subscription_id = s.id AND q.state = 'open' AND q.ends_on <= {through})"""


class TerminationRequest(models.Model):
    """A customer's request to end a subscription on a later day. What it says is never edited, never deleted.

    *Units*: `ends_on` is the day asked for, the last one of use; `asked_on` the day on which it was recorded where
    the organisation is; `requested_on` the day on which the customer asked.
    *Shape*: only the state moves, and only forward. `quote` is the estimate as it was shown and sealed. While it is
    open, `needs_person_since` and what stands beside it keep why it was not carried out by itself. `termination` is
    the one that closed it. Source: domain.md 7.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        WITHDRAWN = "withdrawn", "Withdrawn"
        CARRIED_OUT = "carried_out", "Carried out"
        CLOSED = "closed", "Ended otherwise"

    class Channel(models.TextChoices):
        PHONE = "phone", "Phone"
        E_MAIL = "email", "E-mail"
        TICKET = "ticket", "Ticket"
        LETTER = "letter", "Letter"
        IN_PERSON = "in_person", "In person"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="requests", db_index=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    ends_on = models.DateField()
    reason = models.ForeignKey(TerminationReason, models.PROTECT, related_name="+", db_index=False)
    explanation = models.CharField(max_length=2000)
    requested_by = models.CharField(max_length=200)
    requested_on = models.DateField()
    channel = models.CharField(max_length=10, choices=Channel.choices)
    ticket = models.CharField(max_length=100, blank=True)
    quote = models.JSONField()
    actor = models.CharField(max_length=150)
    actor_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    asked_on = models.DateField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    needs_person_since = models.DateTimeField(null=True, blank=True)
    refusal_code = models.CharField(max_length=60, blank=True, default="")
    refusal_values = models.JSONField(null=True, blank=True)
    refusal_sentence = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True, default="")
    closed_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    withdrawal_reason = models.CharField(max_length=2000, blank=True, default="")
    termination = models.ForeignKey(
        "subscriptions.Termination", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "withdrawn", "carried_out", "closed"]),
                name="a_request_has_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["phone", "email", "ticket", "letter", "in_person"]),
                name="a_request_came_by_a_known_channel",
            ),
            models.CheckConstraint(
                condition=~Q(explanation="") & ~Q(requested_by="") & ~Q(actor=""),
                name="a_request_says_who_wants_the_end_and_why",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("asked_on")),
                name="a_request_is_for_a_day_ahead",
            ),
            models.CheckConstraint(
                condition=Q(requested_on__lte=F("asked_on")),
                name="a_request_is_recorded_after_the_customer_asked",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="open",
                    closed_at__isnull=True,
                    closed_by="",
                    closed_by_user__isnull=True,
                    withdrawal_reason="",
                    termination__isnull=True,
                )
                | (
                    Q(
                        state="withdrawn",
                        closed_at__isnull=False,
                        closed_by_user__isnull=False,
                        termination__isnull=True,
                    )
                    & ~Q(withdrawal_reason="")
                    & ~Q(closed_by="")
                )
                | (
                    Q(
                        state__in=["carried_out", "closed"],
                        closed_at__isnull=False,
                        withdrawal_reason="",
                        termination__isnull=False,
                    )
                    & ~Q(closed_by="")
                ),
                name="a_request_has_what_its_state_says",
            ),
            models.CheckConstraint(
                condition=Q(
                    needs_person_since__isnull=True,
                    refusal_code="",
                    refusal_values__isnull=True,
                    refusal_sentence="",
                )
                | (
                    Q(needs_person_since__isnull=False, refusal_values__isnull=False)
                    & ~Q(refusal_code="")
                    & ~Q(refusal_sentence="")
                ),
                name="a_request_that_needs_a_person_says_why",
            ),
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(state="open"), name="a_subscription_has_one_open_request"
            ),
            # What the composite keys of terminations point at.
            models.UniqueConstraint(fields=["id", "subscription", "ends_on"], name="request_and_its_day"),
            models.UniqueConstraint(fields=["id", "termination"], name="request_and_termination"),
        ]
        indexes = [
            models.Index(fields=["ends_on", "id"], name="request_by_day"),
            models.Index(fields=["organisation", "ends_on", "id"], name="request_by_organisation"),
            models.Index(
                fields=["ends_on", "id"],
                name="request_open_by_day",
                condition=Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def needs_person(self) -> bool:
        """Tell whether it was not carried out by itself, and waits for somebody."""
        return self.needs_person_since is not None
