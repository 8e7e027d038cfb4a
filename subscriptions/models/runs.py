"""Runs of the nightly clean-up, what they could not terminate, and what they held back."""

import uuid

from django.db import models
from django.db.models import F, Q

from subscriptions.models.subscriptions import Subscription


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
    # Due, but held back: whether they were renewed elsewhere is not known here.
    held = models.PositiveBigIntegerField(default=0)
    is_also_renewing = models.BooleanField(default=False)
    # Where the command writes its report; empty where it writes none, or where a later run has completed it.
    report = models.TextField(blank=True, default="")

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
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    reason = models.TextField()
    # As on the day of the run; failures that are older than these two columns have neither.
    expires_on = models.DateField(null=True, blank=True)
    days_expired = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = "clean-up failure"
        constraints = [
            models.UniqueConstraint(fields=["run", "subscription"], name="a_run_fails_a_subscription_once"),
        ]

    def __str__(self) -> str:
        return self.reason


class CleanUpHeld(models.Model):
    """A subscription that a run held back, with what it was on that day. Source: domain.md 2."""

    run = models.ForeignKey(CleanUpRun, models.PROTECT, related_name="holds", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    expires_on = models.DateField()
    days_expired = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        verbose_name = "subscription held back"
        verbose_name_plural = "subscriptions held back"
        constraints = [
            models.UniqueConstraint(fields=["run", "subscription"], name="a_run_holds_a_subscription_once"),
        ]

    def __str__(self) -> str:
        return f"expired on {self.expires_on.isoformat()}"
