"""Read subscriptions and terminations for lists, as values."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from moneyed import Money

from customers import selectors as customers_selectors
from portal.jobs.models import Run, RunItem
from portal.lib import days
from portal.lib.lists import paging
from settings_app import selectors as settings_selectors
from settings_app.models import PortalConfigVersion, TerminationReason
from subscriptions.clean_up import selectors as clean_up
from subscriptions.models import (
    ContractItem,
    PhoneNumber,
    Product,
    Subscription,
    Termination,
    TerminationRequest,
)
from subscriptions.policies.identity import Identity
from subscriptions.selectors import naming
from subscriptions.termination.selectors import estimates

RENEWAL_LEAD_DAYS = 7
# The columns of other tables that are shown. As objects of ten tables a page would take a fifth longer.
_ORGANISATION = tuple(
    f"organisation__{name}"
    for name in ("uuid", "name", "customer_reference", "owner_email", "billing_email", "timezone")
)
_IDENTITY = ("uuid", "started_on", "plan__name", "plan__product__name")
_BESIDE = ("first_numbers", "number_count", "contract")
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
    ends_on: date | None
    estimate: Money | None


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
    """Give the query of all subscriptions."""
    return Subscription.objects.all()


@cache
def whole_subscriptions() -> QuerySet[Any, Any]:
    """Read subscriptions as tuples of what `subscription_rows` shows."""
    open_one = TerminationRequest.objects.filter(subscription=OuterRef("pk"), state=TerminationRequest.State.OPEN)
    rows: QuerySet[Any, Any] = _with_identity(subscriptions()).annotate(
        ends_on=Subquery(open_one.order_by().values("ends_on"))
    )
    return rows.values_list(
        *("ends_on", "id", "currency", "status", "expires_on", "auto_renew", "is_trial"),
        *(*_ORGANISATION, *_IDENTITY, *_BESIDE, "plan__price_per_month", "termination__terminated_on"),
        named=True,
    )


def subscription_rows(found: Sequence[Any], *, at: datetime) -> tuple[SubscriptionRow, ...]:
    """Turn subscriptions into values, each on the day that it is in its organisation's zone.

    Three queries for the estimates of scheduled ends; none where none is scheduled.
    """
    ends = {item.id: item.ends_on for item in found if item.ends_on}
    estimated = estimates.to_credits_of(ends, config=settings_selectors.current_config()) if ends else {}
    return tuple(_subscription_row(item, at=at, estimate=estimated.get(item.id)) for item in found)


def terminations() -> QuerySet[Any, Any]:
    """Give the query of all terminations, with what each refunded."""
    return Termination.objects.annotate(
        # What a chosen note gives back is the refund as well.
        refunded=Coalesce("credited", "credit_note__total", output_field=Termination._meta.get_field("credited"))
    )


@cache
def whole_terminations() -> QuerySet[Any, Any]:
    """Read terminations as tuples of what `termination_rows` shows."""
    rows: QuerySet[Any, Any] = _with_identity(terminations(), subscription="subscription").annotate(
        reason_label=_of(TerminationReason, "label", key="reason"),
        version=_of(PortalConfigVersion, "number", key="config_version"),
    )
    return rows.values_list(
        *("id", "uuid", "case", "terminated_on", "terminated_at", "currency", "settlement", "waived", "actor"),
        *(*_ORGANISATION, *(f"subscription__{name}" for name in _IDENTITY), *_BESIDE),
        *("reason_label", "refunded", "credit_note__uuid", "credit_note__number", "version"),
        named=True,
    )


def _with_identity(rows: QuerySet[Any, Any], *, subscription: str = "pk") -> QuerySet[Any, Any]:
    contract = ContractItem.objects.filter(subscription=OuterRef(subscription)).values("contract__reference")
    named: QuerySet[Any, Any] = naming.with_identity(rows, subscription=subscription).annotate(
        contract=Subquery(contract)
    )
    return named


def _of(model: type[Model], field: str, *, key: str) -> Subquery:
    """Look a field up by its key. Of each table that is joined PostgreSQL asks in which order to join it; with ten
    of them that takes twice as long as to read the page.
    """
    return Subquery(model._default_manager.filter(pk=OuterRef(key)).order_by().values(field))


def termination_rows(found: Sequence[Any]) -> tuple[TerminationRow, ...]:
    """Turn terminations into values. No query."""
    return tuple(_termination_row(item) for item in found)


def with_number(number: str, *, subscription: str = "pk") -> Q:
    """Ask for the subscriptions that a phone number serves or served. *Shape*: `subscription` is their key."""
    of_number = PhoneNumber.objects.filter(number=number).values("subscription_id")
    return Q(paging.among(of_number, field=subscription))


def held_last() -> Q:
    """Ask for the subscriptions that the last finished clean-up held back, and that nobody has ended since."""
    last = Run.objects.filter(kind=clean_up.KIND, finished_at__isnull=False).order_by("-pk").values("pk")[:1]
    held = RunItem.objects.filter(run__in=last, outcome=RunItem.Outcome.HELD).values("subject_uuid")
    return LIVE & Q(pk__in=Subscription.objects.filter(uuid__in=held).values("pk"))


def expiring(*, within: int, today: date) -> Q:
    """Ask for the subscriptions that expire today or in so many days."""
    return LIVE & Q(expires_on__range=(today, today + timedelta(days=within)))


def expired_for(*, more_than: int, today: date) -> Q:
    """Ask for the subscriptions that have been expired for more than so many days, and are not terminated."""
    return LIVE & Q(expires_on__lt=today - timedelta(days=more_than))


def expired_with_left(*, least: int, most: int | None, kept: int, today: date) -> Q:
    """Ask for the expired subscriptions with so many days left until they may be ended for good.

    *Units*: it is the day after `kept` reactivation days on which that may be; tomorrow is one day left. `most` is
    None for all above.
    """
    last = today - timedelta(days=kept + 1)
    newest = today - timedelta(days=1)
    if most is not None:
        newest = min(newest, last + timedelta(days=most))
    return LIVE & Q(expires_on__range=(last + timedelta(days=max(least, 1)), newest))


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


def _termination_row(item: Any) -> TerminationRow:
    return TerminationRow(
        uuid=item.uuid,
        subscription_uuid=item.subscription__uuid,
        identity=_identity(item, of="subscription__"),
        organisation=_organisation(item),
        case=item.case,
        terminated_on=item.terminated_on,
        at=days.wall_clock(item.organisation__timezone, at=item.terminated_at),
        currency=item.currency,
        reason=item.reason_label or "",
        settlement=item.settlement,
        refunded=Money(item.refunded, item.currency) if item.refunded is not None else None,
        waived=Money(item.waived, item.currency) if item.waived else None,
        note_uuid=item.credit_note__uuid,
        note_number=item.credit_note__number or "",
        actor=item.actor,
        config_version=item.version,
    )


def _subscription_row(item: Any, *, at: datetime, estimate: Decimal | None) -> SubscriptionRow:
    today = days.today_in(item.organisation__timezone, at=at)
    if item.status == Subscription.Status.TERMINATED:
        status = item.status
    else:
        status = Subscription.Status.ACTIVE if today <= item.expires_on else Subscription.Status.EXPIRED
    renews = item.auto_renew and status == Subscription.Status.ACTIVE
    return SubscriptionRow(
        uuid=item.uuid,
        identity=_identity(item),
        organisation=_organisation(item),
        status=str(status),
        ended_on=item.termination__terminated_on,
        is_auto_renewing=item.auto_renew,
        renewal_date=days.add_days(item.expires_on, -RENEWAL_LEAD_DAYS) if renews else None,
        expires_on=item.expires_on,
        price=Money(item.plan__price_per_month, item.currency),
        is_trial=item.is_trial,
        ends_on=item.ends_on,
        estimate=Money(estimate, item.currency) if estimate is not None else None,
    )


def _identity(item: Any, *, of: str = "") -> Identity:
    return Identity(
        uuid=getattr(item, f"{of}uuid"),
        product=getattr(item, f"{of}plan__product__name"),
        plan=getattr(item, f"{of}plan__name"),
        numbers=tuple(item.first_numbers),
        number_count=item.number_count,
        contract=item.contract or "",
        started_on=getattr(item, f"{of}started_on"),
    )


def _organisation(item: Any) -> customers_selectors.Named:
    return customers_selectors.named_by(
        uuid=item.organisation__uuid,
        name=item.organisation__name,
        reference=item.organisation__customer_reference,
        emails=(item.organisation__owner_email, item.organisation__billing_email),
    )
