"""Read the renewals that were refused, and which of them have not been made up for."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from customers import selectors as customers_selectors
from subscriptions.models import RenewalRefusal, Subscription
from subscriptions.policies import identity


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


def still_failed() -> Q:
    """Ask for the last try of each subscription that has not ended, and whose next cycle is not there yet."""
    later = RenewalRefusal.objects.filter(subscription=OuterRef("subscription"), tried_on__gt=OuterRef("tried_on"))
    waiting = Subscription.objects.filter(pk=OuterRef("subscription"), expires_on__lt=OuterRef("first_day"))
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
