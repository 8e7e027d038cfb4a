"""Read the identity lines of subscriptions, of any number of them in one query."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from subscriptions import consequences
from subscriptions.identity import NUMBERS_SHOWN, Identity
from subscriptions.models import PhoneNumber, Subscription


def with_identity(found: QuerySet[Any, Any], *, subscription: str = "pk") -> QuerySet[Any, Any]:
    """Read rows together with the numbers that `identity_of` needs, in the same query.

    *Shape*: `subscription` is what names it in a row; `found` selects its `plan__product` and
    `contract_item__contract` as related.
    """
    numbers = PhoneNumber.objects.filter(subscription=OuterRef(subscription))
    counted = numbers.order_by().values("subscription").annotate(count=Count("pk")).values("count")
    named: QuerySet[Any, Any] = found.annotate(
        first_numbers=ArraySubquery(numbers.order_by("number").values("number")[:NUMBERS_SHOWN]),
        number_count=Coalesce(Subquery(counted), 0),
    )
    return named


def identity_of(subscription: Subscription, *, row: Any = None) -> Identity:
    """Take the identity of a subscription from `subscriptions()`, or from a row of `with_identity`. No query."""
    row = row or subscription
    item = getattr(subscription, "contract_item", None)
    return Identity(
        uuid=subscription.uuid,
        product=subscription.plan.product.name,
        plan=subscription.plan.name,
        numbers=tuple(row.first_numbers),
        number_count=row.number_count,
        contract=item.contract.reference if item else "",
        started_on=subscription.started_on,
    )


def identities(subscription_ids: Collection[int]) -> dict[int, Identity]:
    """Read the identities of subscriptions by their primary keys. One query; none for nobody."""
    if not subscription_ids:
        return {}
    found = Subscription.objects.filter(pk__in=subscription_ids)
    return {subscription.pk: identity_of(subscription) for subscription in _related(found)}


def identities_of_charges(line_ids: Collection[int]) -> dict[int, Identity]:
    """Read whose cycles charge lines are about, by the primary keys of the lines. One query; none for no line.

    A line that charged for no cycle is left out.
    """
    if not line_ids:
        return {}
    found = Subscription.objects.filter(cycles__charges__line__in=line_ids).annotate(
        charge_line_id=F("cycles__charges__line_id")
    )
    return {subscription.charge_line_id: identity_of(subscription) for subscription in _related(found)}


def numbers_to_keep(subscription: Subscription) -> tuple[consequences.KeptNumber, ...]:
    """Read the numbers that a termination would reserve. One query."""
    found = PhoneNumber.objects.filter(subscription=subscription, status=PhoneNumber.Status.IN_USE)
    return tuple(
        consequences.KeptNumber(number, is_ported_in)
        for number, is_ported_in in found.order_by("number").values_list("number", "is_ported_in")
    )


def _related(found: QuerySet[Subscription, Any]) -> QuerySet[Subscription, Any]:
    related = found.order_by().select_related("plan__product", "contract_item__contract")
    return with_identity(related)
