"""Read the renewals that were refused, and which of them have not been made up for."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from customers import selectors as customers_selectors
from portal.lib import days
from subscriptions.models import RenewalRefusal, Subscription
from subscriptions.policies import identity, renewals


@dataclass(frozen=True)
class FailedRow:
    """A renewal that was refused. *Shape*: `code` and `data` tell why."""

    subscription_uuid: uuids.UUID
    plan: str
    organisation: customers_selectors.Named
    code: str
    data: Mapping[str, Any]
    tried_on: date
    expires_on: date


def tries() -> QuerySet[RenewalRefusal]:
    """Give the query of all refused renewals, with what `failed_rows` shows of their subscriptions."""
    return RenewalRefusal.objects.select_related("subscription__plan__product", "subscription__organisation")


def still_failed(*, today: date) -> Q:
    """Ask for the last try of each subscription that has not ended, and whose next cycle is not there yet.

    *Units*: `today` is that of UTC. Nothing is tried before its renewal date, so what expires later needs no look:
    of all refusals ever made, only those of the few that expire by then are read.
    """
    later = RenewalRefusal.objects.filter(subscription=OuterRef("subscription"), tried_on__gt=OuterRef("tried_on"))
    # Where the day begins first it is tomorrow already.
    latest = days.add_days(today, renewals.DAYS_AHEAD + 1)
    waiting = Subscription.objects.filter(
        pk=OuterRef("subscription"), expires_on__lt=OuterRef("first_day"), expires_on__lte=latest
    )
    return Q(~Exists(later), Exists(waiting.exclude(status=Subscription.Status.TERMINATED)))


def failed_rows(found: Sequence[RenewalRefusal]) -> tuple[FailedRow, ...]:
    """Turn refusals into values. No query."""
    return tuple(
        FailedRow(
            subscription_uuid=refusal.subscription.uuid,
            plan=identity.plan_title(
                product=refusal.subscription.plan.product.name, plan=refusal.subscription.plan.name
            ),
            organisation=customers_selectors.named(refusal.subscription.organisation),
            code=refusal.code,
            data=refusal.data,
            tried_on=refusal.tried_on,
            expires_on=refusal.subscription.expires_on,
        )
        for refusal in found
    )
