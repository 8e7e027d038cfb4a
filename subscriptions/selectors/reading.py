"""Read subscriptions with all that naming, refusing or quoting one needs; say where one stands."""

from __future__ import annotations

import uuid
from datetime import date

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet

from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions import policies
from subscriptions.models import CycleCharge, RenewalRefusal, Subscription, TerminationRequest
from subscriptions.policies import standing
from subscriptions.selectors import naming


def subscriptions() -> QuerySet[Subscription]:
    """Read subscriptions with all that a quote, its refusal or an identity line needs, in one query."""
    asked = FilteredRelation("requests", condition=Q(requests__state=TerminationRequest.State.OPEN))
    related = ("organisation", "plan__product", "contract_item__contract", "termination", "open_request")
    refused = RenewalRefusal.objects.filter(subscription=OuterRef("pk"), first_day__gt=OuterRef("expires_on"))
    found = Subscription.objects.annotate(open_request=asked, has_failed_to_renew=Exists(refused))
    return naming.with_identity(found.select_related(*related))


def find(subscription_uuid: uuid.UUID) -> Subscription:
    """Read one subscription with all that a quote needs.

    *Raises*: Subscription.DoesNotExist.
    """
    return subscriptions().get(uuid=subscription_uuid)


def locked(subscription_uuid: uuid.UUID) -> Subscription:
    """Lock a subscription until the transaction ends, and read it as `subscriptions()` does.

    It is read in a second statement, with everything around it: under READ COMMITTED the joined rows of the locking
    statement would be those from before the wait.
    *Raises*: Subscription.DoesNotExist.
    """
    pk = (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .values_list("pk", flat=True)
        .get(uuid=subscription_uuid)
    )
    return subscriptions().get(pk=pk)


def standing_of(subscription: Subscription, *, on: date, reactivation_days: int) -> standing.Standing:
    """Say where a subscription stands; it must come from `subscriptions()`."""
    ended = ended_of(subscription) if getattr(subscription, "termination", None) else None
    asked = open_request_of(subscription)
    return standing.standing(
        expires_on=subscription.expires_on,
        on=on,
        reactivation_days=reactivation_days,
        ended=ended,
        ends_on=asked.ends_on if asked else None,
    )


def open_request_of(subscription: Subscription) -> TerminationRequest | None:
    """Give the end that is asked for a later day, None where none is; it must come from `subscriptions()`."""
    found: TerminationRequest | None = getattr(subscription, "open_request", None)
    return found


def has_failed_to_renew(subscription: Subscription) -> bool:
    """Tell whether a renewal was refused after the last cycle; it must come from `subscriptions()`."""
    return bool(getattr(subscription, "has_failed_to_renew", False))


def is_held_back(subscription: Subscription, *, config: settings_selectors.Config) -> bool:
    """Tell whether the clean-up would hold an expired subscription back; it must come from `subscriptions()`.

    One query.
    """
    last = subscription.cycles.order_by("-first_day")[:1].values("pk")
    return standing.is_held_back(
        is_made_here=config.renews_here(subscription.plan.product.name),
        has_external_charge=CycleCharge.objects.filter(cycle__in=last, is_external_invoice=True).exists(),
        was_refused=has_failed_to_renew(subscription),
        auto_renew=subscription.auto_renew,
        is_trial=subscription.is_trial,
        is_organisation_active=subscription.organisation.status == "active",
        is_milestone=billing_plan_of(subscription) == "milestone",
    )


def ended_of(subscription: Subscription) -> standing.Ended:
    """Say who terminated a subscription, and when in the organisation's zone."""
    termination = subscription.termination
    zone = subscription.organisation.timezone
    # What an import says is the day it ended; the instant is that of the import.
    is_told_by_day = termination.case == termination.Case.ENDED_BEFORE_MOVE
    time = "" if is_told_by_day else f"{days.wall_clock(zone, at=termination.terminated_at):%H:%M} ({zone})"
    return standing.Ended(by=termination.actor, on=termination.terminated_on, time=time)


def billing_plan_of(subscription: Subscription) -> policies.BillingPlan | None:
    """Give the billing plan of the contract that a subscription is tied to; it must come from `subscriptions()`."""
    item = getattr(subscription, "contract_item", None)
    return item.contract.billing_plan if item else None
