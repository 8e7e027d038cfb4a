"""Read the identity lines of subscriptions, of any number of them in one query."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from subscriptions.models import PhoneNumber, Subscription, Termination
from subscriptions.policies.identity import NUMBERS_SHOWN, Identity


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


@dataclass(frozen=True)
class Named:
    """A subscription that a UUID names: its own, or that of its termination."""

    identity: Identity
    uuid: uuids.UUID
    is_its_own: bool
    organisation_uuid: uuids.UUID
    organisation_name: str


def named_by_uuid(*, first: uuids.UUID, last: uuids.UUID, most: int) -> list[Named]:
    """Find subscriptions whose UUID, or that of their termination, lies between two. Two queries; one for nobody.

    In one query, PostgreSQL expects a share of all rows to lie between two UUIDs that it does not know yet, and
    reads the table instead of its index.
    """
    between = (first, last)
    own = Subscription.objects.filter(uuid__range=between).order_by().values_list("pk")
    of_ended = Termination.objects.filter(uuid__range=between).order_by().values_list("subscription_id")
    ids = [pk for (pk,) in own[:most].union(of_ended[:most])]
    if not ids:
        return []
    found = Subscription.objects.filter(pk__in=ids).select_related(
        "organisation", "plan__product", "contract_item__contract"
    )
    rows = with_identity(found).annotate(ended=F("termination__uuid")).order_by("-pk")
    return [
        Named(
            identity=identity_of(subscription),
            uuid=subscription.uuid if is_its_own else subscription.ended,
            is_its_own=is_its_own,
            organisation_uuid=subscription.organisation.uuid,
            organisation_name=subscription.organisation.name,
        )
        for subscription in rows[:most]
        for is_its_own in [first <= subscription.uuid <= last]
    ]


def _related(found: QuerySet[Subscription, Any]) -> QuerySet[Subscription, Any]:
    related = found.order_by().select_related("plan__product", "contract_item__contract")
    return with_identity(related)
