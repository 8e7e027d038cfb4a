"""Scheduled ends as rows that the database allows, and as agents ask for them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from portal.frame import Actor
from portal.lib import days
from settings_app import selectors as settings_selectors
from settings_app.models import TerminationReason
from subscriptions.models import Subscription, TerminationRequest
from subscriptions.requests import operations
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination
from subscriptions.termination import requested
from subscriptions.termination.operations import Seen
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import quoting
from tests.support import terminations


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
            "quote": quotes.document(
                quoting.estimate_of(
                    reading.find(subscription.uuid),
                    on=ends_on or subscription.expires_on,
                    config=settings_selectors.current_config(),
                )
            ),
            **fields,
        },
    )


def seen(subscription: Subscription, *, ends_on: dt.date, at: dt.datetime, asked_on: dt.date) -> Seen:
    """The estimate as an agent sees it at an instant."""
    quote = operations.estimate(
        reading.find(subscription.uuid),
        ends_on=ends_on,
        asked_on=asked_on,
        today=days.today_in(subscription.organisation.timezone, at=at),
        config=settings_selectors.current_config(),
    )
    return Seen(quote_id=uuid.uuid4(), document=quotes.document(quote))


def ask(
    subscription: Subscription, *, ends_on: dt.date, by: Actor, at: dt.datetime, **said: Any
) -> TerminationRequest:
    """See the estimate and ask, at one instant."""
    request = terminations.request(**said)
    return operations.ask(
        subscription_uuid=subscription.uuid,
        request=request,
        ends_on=ends_on,
        seen=seen(subscription, ends_on=ends_on, at=at, asked_on=request.requested_on),
        by=by,
        at=at,
    ).request


def quote_of(kept: TerminationRequest) -> quotes.Quote:
    """The end on its day, as a person sees it who carries it out."""
    return termination.quote_termination(
        reading.find(kept.subscription.uuid),
        on=kept.ends_on,
        config=settings_selectors.current_config(),
        asked_on=kept.requested_on,
    )


def carry_out(
    kept: TerminationRequest,
    *,
    by: Actor,
    at: dt.datetime,
    acknowledged: Sequence[str] = (),
    seen: Seen | None = None,
) -> termination.Outcome:
    """See it and carry it out, as a person does."""
    return termination.terminate(
        subscription_uuid=kept.subscription.uuid,
        request=requested.ScheduledEnd(kept.uuid),
        choice=quotes.Automatic(),
        acknowledged=acknowledged,
        seen=seen or terminations.seen_of(quote_of(kept)),
        by=by,
        at=at,
    )
