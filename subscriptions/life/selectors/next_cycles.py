"""Read what the renewal of one subscription depends on: the facts of the policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import connection

from portal.lib import days
from settings_app import selectors as settings_selectors
from settings_app.models import TaxRate
from subscriptions.life.selectors import costs
from subscriptions.models import CycleCharge, Subscription
from subscriptions.policies import next_cycle, renewals
from subscriptions.selectors import reading


@dataclass(frozen=True)
class Next:
    """What a renewal depends on. *Shape*: `months` are those of the next cycle, 0 where no cycle is known."""

    facts: renewals.Facts
    months: int
    things: tuple[next_cycle.Thing, ...]
    taxes: next_cycle.Taxes


def next_of(subscription: Subscription, *, config: settings_selectors.Config) -> Next:
    """Read the facts of what comes from `reading.subscriptions()`. Five queries."""
    last = subscription.cycles.order_by("-first_day").first()
    asked = reading.open_request_of(subscription)
    item = getattr(subscription, "contract_item", None)
    owner = subscription.organisation
    in_time = subscription.renewal_refusals.filter(
        first_day=days.add_days(subscription.expires_on, 1), tried_on__lte=subscription.expires_on
    )
    facts = renewals.Facts(
        currency=subscription.currency,
        expires_on=subscription.expires_on,
        auto_renew=subscription.auto_renew,
        is_terminated=getattr(subscription, "termination", None) is not None,
        is_made_here=config.renews_here(subscription.plan.product.name),
        is_organisation_active=owner.status == "active",
        is_trial=subscription.is_trial,
        billing_plan=reading.billing_plan_of(subscription),
        contract_ends_on=item.contract.ends_on if item else None,
        has_external_charge=CycleCharge.objects.filter(cycle=last, is_external_invoice=True).exists(),
        requested_end=asked.ends_on if asked else None,
        was_tried_in_time=in_time.exists(),
        next_cycle=next_cycle.span_of(last.day_after, months=last.months, anchor=subscription.started_on.day)
        if last
        else None,
    )
    rates = TaxRate.objects.filter(country=owner.country).values_list("per_cent", "begins_on")
    return Next(
        facts=facts,
        months=last.months if last else 0,
        things=_things(subscription.pk),
        taxes=next_cycle.Taxes(
            owner.country,
            tuple(next_cycle.Rate(per_cent, begins_on) for per_cent, begins_on in rates),
            is_exempt=owner.is_tax_exempt,
        ),
    )


def _things(subscription_id: int) -> tuple[next_cycle.Thing, ...]:
    of = "(SELECT s.id, s.plan_id FROM subscriptions_subscription s WHERE s.id = %(id)s)"
    with connection.cursor() as cursor:
        cursor.execute(f"{costs.THINGS.format(due=of)} ORDER BY 2, 4", {"id": subscription_id})
        rows = cursor.fetchall()
    return tuple(
        next_cycle.Thing(kind, key, name, price, _before(net, tax=tax, months=months, charged_on=charged_on))
        for _, _, kind, key, name, price, net, tax, months, charged_on in rows
    )


def _before(net: object, *, tax: object, months: int, charged_on: date) -> next_cycle.Before | None:
    return None if net is None else next_cycle.Before(net, tax, months, charged_on)  # type: ignore[arg-type]  # both are NULL, or neither
