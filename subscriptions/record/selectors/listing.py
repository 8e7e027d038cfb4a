"""Read subscriptions and terminations for lists, as values."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from moneyed import Money

from customers import selectors as customers_selectors
from portal.lib import days
from portal.lib.lists import paging
from subscriptions.models import CleanUpHeld, CleanUpRun, PhoneNumber, Product, Subscription, Termination
from subscriptions.policies.identity import Identity
from subscriptions.selectors import naming

RENEWAL_LEAD_DAYS = 7
# The columns that are shown: of ten tables the others would be a hundred, which Django writes and reads each time.
_ORGANISATION = ("uuid", "name", "customer_reference", "owner_email", "billing_email", "timezone")
_IDENTITY = (
    *("plan__name", "plan__price_per_month", "plan__product__name"),
    *("contract_item__subscription", "contract_item__contract__reference"),
)
LIVE = ~Q(status=Subscription.Status.TERMINATED)


@dataclass(frozen=True)
class SubscriptionRow:
    """A subscription in a list. *Shape*: `status` is a code, by the facts; `price` is of one month, net."""

    uuid: uuids.UUID
    identity: Identity
    organisation: customers_selectors.Named
    status: str
    ended_on: date | None
    is_auto_renewing: bool
    renewal_date: date | None
    expires_on: date
    price: Money
    is_trial: bool


@dataclass(frozen=True)
class TerminationRow:
    """A termination in a list. *Shape*: case, settlement and choice are codes; `at` in the organisation's zone."""

    uuid: uuids.UUID
    subscription_uuid: uuids.UUID
    identity: Identity
    organisation: customers_selectors.Named
    case: str
    terminated_on: date
    at: datetime
    currency: str
    reason: str
    settlement: str
    refunded: Money | None
    waived: Money | None
    note_uuid: uuids.UUID | None
    note_number: str
    actor: str
    config_version: int | None


def subscriptions() -> QuerySet[Any, Any]:
    """Give the query of all subscriptions, with what `subscription_rows` shows and without quotes."""
    return naming.with_identity(
        Subscription.objects.select_related(
            "organisation", "plan__product", "contract_item__contract", "termination"
        ).only(
            *("uuid", "currency", "status", "started_on", "expires_on", "auto_renew", "is_trial"),
            *(f"organisation__{name}" for name in _ORGANISATION),
            *_IDENTITY,
            "termination__terminated_on",
            # By which Django joins them.
            "termination__subscription",
        )
    )


def subscription_rows(found: Sequence[Any], *, at: datetime) -> tuple[SubscriptionRow, ...]:
    """Turn subscriptions into values, each on the day that it is in its organisation's zone. No query."""
    return tuple(_subscription_row(item, at=at) for item in found)


def terminations() -> QuerySet[Any, Any]:
    """Give the query of all terminations, with what `termination_rows` shows and without their quotes."""
    return naming.with_identity(
        Termination.objects.select_related(
            "organisation",
            "subscription__plan__product",
            "subscription__contract_item__contract",
            "reason",
            "credit_note",
            "config_version",
        )
        .only(
            *("uuid", "case", "terminated_on", "terminated_at", "currency", "settlement", "waived", "actor"),
            *(f"organisation__{name}" for name in _ORGANISATION),
            *(f"subscription__{name}" for name in ("uuid", "started_on", *_IDENTITY)),
            *("reason__label", "credit_note__uuid", "credit_note__number", "config_version__number"),
        )
        .annotate(
            # What a chosen note gives back is the refund as well.
            refunded=Coalesce(
                "credited", "credit_note__total", output_field=Termination._meta.get_field("credited")
            )
        ),
        subscription="subscription",
    )


def termination_rows(found: Sequence[Any]) -> tuple[TerminationRow, ...]:
    """Turn terminations into values. No query."""
    return tuple(
        TerminationRow(
            uuid=item.uuid,
            subscription_uuid=item.subscription.uuid,
            identity=naming.identity_of(item.subscription, row=item),
            organisation=customers_selectors.named(item.organisation),
            case=item.case,
            terminated_on=item.terminated_on,
            at=days.wall_clock(item.organisation.timezone, at=item.terminated_at),
            currency=item.currency,
            reason=item.reason.label if item.reason else "",
            settlement=item.settlement,
            refunded=Money(item.refunded, item.currency) if item.refunded is not None else None,
            waived=Money(item.waived, item.currency) if item.waived else None,
            note_uuid=item.credit_note.uuid if item.credit_note else None,
            note_number=item.credit_note.number if item.credit_note else "",
            actor=item.actor,
            config_version=item.config_version.number if item.config_version else None,
        )
        for item in found
    )


def with_number(number: str, *, subscription: str = "pk") -> Q:
    """Ask for the subscriptions that a phone number serves or served. *Shape*: `subscription` is their key."""
    of_number = PhoneNumber.objects.filter(number=number).values("subscription_id")
    return Q(paging.among(of_number, field=subscription))


def held_last() -> Q:
    """Ask for the subscriptions that the last finished clean-up held back, and that nobody has ended since."""
    last = CleanUpRun.objects.filter(finished_at__isnull=False).order_by("-pk").values("pk")[:1]
    return LIVE & Q(paging.among(CleanUpHeld.objects.filter(run__in=last).values("subscription_id")))


def expiring(*, within: int, today: date) -> Q:
    """Ask for the subscriptions that expire today or in so many days."""
    return LIVE & Q(expires_on__range=(today, today + timedelta(days=within)))


def expired_for(*, more_than: int, today: date) -> Q:
    """Ask for the subscriptions that have been expired for more than so many days, and are not terminated."""
    return LIVE & Q(expires_on__lt=today - timedelta(days=more_than))


def of_status(status: str, *, today: date) -> Q:
    """Ask for a status by the facts of a day, not for the one that is stored."""
    if status == Subscription.Status.TERMINATED:
        return Q(status=status)
    if status == Subscription.Status.ACTIVE:
        return LIVE & Q(expires_on__gte=today)
    return LIVE & Q(expires_on__lt=today)


def products() -> list[tuple[str, str]]:
    """List the products, for a filter. One query."""
    return [(str(pk), name) for pk, name in Product.objects.order_by("name").values_list("pk", "name")]


def _subscription_row(item: Any, *, at: datetime) -> SubscriptionRow:
    today = days.today_in(item.organisation.timezone, at=at)
    termination = getattr(item, "termination", None)
    if item.status == Subscription.Status.TERMINATED:
        status = item.status
    else:
        status = Subscription.Status.ACTIVE if today <= item.expires_on else Subscription.Status.EXPIRED
    renews = item.auto_renew and status == Subscription.Status.ACTIVE
    return SubscriptionRow(
        uuid=item.uuid,
        identity=naming.identity_of(item),
        organisation=customers_selectors.named(item.organisation),
        status=str(status),
        ended_on=termination.terminated_on if termination else None,
        is_auto_renewing=item.auto_renew,
        renewal_date=days.add_days(item.expires_on, -RENEWAL_LEAD_DAYS) if renews else None,
        expires_on=item.expires_on,
        price=Money(item.plan.price_per_month, item.currency),
        is_trial=item.is_trial,
    )
