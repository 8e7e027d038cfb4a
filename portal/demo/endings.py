"""Terminate some of the demo's subscriptions, the way an agent would: preview, choose, acknowledge, apply."""

import random
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from portal import frame
from portal.demo.book import Ending
from portal.lib import days
from settings_app import selectors as settings_selectors
from settings_app.models import TerminationReason
from subscriptions.termination import operations, requested
from subscriptions.termination.quote import quotes

CHANNELS = ("phone", "email", "letter", "in_person")


def terminate_some(endings: list[Ending], *, seed: int, at: datetime) -> int:
    """Terminate each subscription through the portal's own operation and give their number.

    Every termination is a transaction of its own, after the one that wrote the customers.
    """
    rng = random.Random(seed)  # noqa: S311 - chance, not secrets
    config = settings_selectors.current_config()
    reasons = list(TerminationReason.objects.filter(is_active=True).values_list("code", "needs_ticket"))
    user = User.objects.filter(username="agent").first()
    by = frame.Actor.of(user) if user else frame.Actor(kind="agent", name="demo")
    for ending in endings:
        subscription = ending.subscription
        today = days.today_in(subscription.organisation.timezone, at=at)
        choice: quotes.Choice = quotes.LinkNote(ending.note.number) if ending.note else quotes.Automatic()
        reason, needs_ticket = rng.choice(reasons)
        asked_on = max(today - timedelta(days=rng.randrange(4)), min(subscription.started_on, today))
        preview = operations.preview_termination(
            subscription_uuid=subscription.uuid, on=today, config=config, choice=choice, asked_on=asked_on
        )
        operations.terminate(
            subscription_uuid=subscription.uuid,
            request=requested.CustomerRequest(
                reason_code=reason,
                explanation=ending.explanation,
                requested_by=subscription.organisation.owner_email,
                requested_on=asked_on,
                channel=rng.choice(CHANNELS),
                ticket=f"T-{rng.randrange(10_000, 99_999)}" if needs_ticket else "",
            ),
            choice=choice,
            acknowledged=preview.to_confirm,
            seen=replace(preview.seen, quote_id=uuid.UUID(int=rng.getrandbits(128), version=4)),
            by=by,
            at=at,
        )
    return len(endings)
