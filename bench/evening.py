"""What a night finds to do: renewals made here, with credit for most, and ends whose day is over."""

from __future__ import annotations

import dataclasses
import random
import uuid as uuids
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from bench.house import AGENTS, House

if TYPE_CHECKING:
    # Django is not set up where this module is read.
    from portal.frame import Actor

ENDS = 6
"""Scheduled ends that are due."""
ENOUGH = Decimal(1_000_000)
_BEFORE = timedelta(days=3)

# What runs for some days more, and ran some days ago, so that its end could be asked for then.
_CHOSEN = """
    SELECT s.uuid FROM subscriptions_subscription s
    WHERE s.status = 'active' AND s.expires_on > current_date + 3 AND s.started_on < current_date - 7
      AND NOT EXISTS (SELECT FROM subscriptions_terminationrequest r WHERE r.subscription_id = s.id)
    ORDER BY s.uuid
"""


def prepare(house: House, *, rng: random.Random) -> None:
    """Renew here, tell customers, give credit, and ask for ends of some days ago."""
    from django.contrib.auth.models import User
    from django.db import connections
    from django.utils import timezone

    from portal import frame

    connections.close_all()  # it may be one from before a restart
    try:
        by = frame.Actor.of(User.objects.get(username=AGENTS[0]))
        _configure(by, at=timezone.now())
        _give_credit(by, at=timezone.now())
        chosen = [row[0] for row in house.ask(_CHOSEN)]
        for uuid in rng.sample(chosen, min(ENDS, len(chosen))):
            _ask(uuid, by=by, at=datetime.now(UTC) - _BEFORE)
    finally:
        connections.close_all()


def _configure(by: Actor, *, at: datetime) -> None:
    from settings_app import operations, policies, selectors

    current = selectors.current_config()
    known = {one.name: getattr(current, one.name) for one in dataclasses.fields(policies.Values)}
    wanted = {"renewals_are_made_here": True, "notify_customers": True, "notification_address": "us@bench.example"}
    operations.save_config(
        values=policies.Values(**{**known, **wanted}),
        seen_version=current.number,
        by=by,
        at=at,
    )


def _give_credit(by: Actor, *, at: datetime) -> None:
    """Top up three of four organisations that have little."""
    from customers import operations
    from customers.models import CreditAccount

    for account in CreditAccount.objects.select_related("organisation").filter(balance__lt=ENOUGH).order_by("pk"):
        if account.pk % 4:
            operations.post_top_up(
                organisation_uuid=account.organisation.uuid,
                amount=ENOUGH,
                reason="For the night.",
                seen_seq=None,
                request_id=uuids.uuid4(),
                by=by,
                at=at,
            )


def _ask(uuid: uuids.UUID, *, by: Actor, at: datetime) -> None:
    from portal.lib import days
    from settings_app import selectors
    from subscriptions.requests import operations
    from subscriptions.selectors import reading
    from subscriptions.termination.operations import Seen
    from subscriptions.termination.quote import quotes
    from subscriptions.termination.requested import CustomerRequest

    subscription = reading.find(uuid)
    today = days.today_in(subscription.organisation.timezone, at=at)
    ends_on = days.add_days(today, 1)
    config = selectors.current_config()
    quote = operations.estimate(subscription, ends_on=ends_on, asked_on=today, today=today, config=config)
    operations.ask(
        subscription_uuid=uuid,
        request=CustomerRequest("too_expensive", "Asked for by the bench.", "Ann", today, "phone"),
        ends_on=ends_on,
        seen=Seen(quote_id=uuids.uuid4(), document=quotes.document(quote)),
        by=by,
        at=at,
    )
