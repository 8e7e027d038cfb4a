"""Renewals that were refused."""

from django.db import models
from django.db.models import Q

from subscriptions.models.subscriptions import Subscription


class RenewalRefusal(models.Model):
    """A renewal that was due and was refused, once for each day on which it was tried. It is never changed.

    *Shape*: `first_day` is that of the cycle that was not opened: while it follows the last cycle, the refusal
    stands. `code` and `data` tell why (`policies.renewals`, or what Available Credits did not cover).
    `notice_id` is the cause of the day's message to the organisation.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="renewal_refusals", db_index=False)
    first_day = models.DateField()
    tried_on = models.DateField()
    at = models.DateTimeField()
    code = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    notice_id = models.UUIDField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "tried_on"], name="a_renewal_is_refused_once_a_day"),
            models.CheckConstraint(condition=~Q(code=""), name="a_refused_renewal_says_why"),
        ]
        indexes = [models.Index(fields=["notice_id"], name="refusals_of_a_notice")]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.tried_on}"
