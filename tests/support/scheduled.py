"""Scheduled ends as rows that the database allows, and as agents ask for them."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from portal.lib import days
from settings_app.models import TerminationReason
from subscriptions.models import Subscription, TerminationRequest


def asker() -> User:
    """Somebody who asks."""
    return User.objects.get_or_create(username="asker")[0]


def request(subscription: Subscription, *, ends_on: dt.date | None = None, **fields: Any) -> TerminationRequest:
    """A request as it is stored, asked for today and for the last day."""
    by = asker()
    at = fields.pop("asked_at", None) or timezone.now()
    today = days.today_in(subscription.organisation.timezone, at=at)
    return TerminationRequest.objects.create(
        subscription=subscription,
        organisation=subscription.organisation,
        ends_on=ends_on or subscription.expires_on,
        asked_at=at,
        asked_on=today,
        actor=by.username,
        actor_user=by,
        **{
            "reason": TerminationReason.objects.order_by("pk")[0],
            "explanation": "They move out.",
            "requested_by": "Ms Tan",
            "requested_on": today,
            "channel": "phone",
            "quote": {"schema": 1},
            **fields,
        },
    )
