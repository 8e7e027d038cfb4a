"""Read what the Subscriptions tab lists, as ready-made strings."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from portal.lib import days, money
from settings_app.selectors import Config
from subscriptions.models import Subscription
from subscriptions.record.selectors.details import STATUS_LABELS
from subscriptions.selectors import naming

PAGE = 50
RENEWAL_LEAD_DAYS = 7


@dataclass(frozen=True)
class Row:
    """One subscription in the tab."""

    uuid: uuids.UUID
    plan: str
    numbers: str
    status: str
    status_label: str
    ended_on: str
    auto_renewal: str
    renewal_date: str
    expiry_date: str
    price: str
    contract: str
    trial: str


@dataclass(frozen=True)
class Page:
    """Up to 50 rows, and the key of the page after them (empty: none)."""

    rows: tuple[Row, ...]
    next_after: str


def subscriptions_page(
    *,
    organisation_id: int,
    today: date,
    config: Config,
    status: str = "",
    expiry: str = "",
    after: str = "",
) -> Page:
    """List an organisation's subscriptions, those that expire next first, then ended ones. One query.

    Filters ask the facts of today, not the stored status. *Shape*: `after` is the key of the last row seen.
    """
    found = naming.with_identity(
        Subscription.objects.filter(organisation_id=organisation_id).select_related(
            "plan__product", "contract_item__contract", "termination"
        )
    )
    live = ~Q(status="terminated")
    if status == "active":
        found = found.filter(live, expires_on__gte=today)
    elif status == "expired":
        found = found.filter(live, expires_on__lt=today)
    elif status == "terminated":
        found = found.filter(status="terminated")
    if expiry == "week":
        found = found.filter(expires_on__range=(today, today + timedelta(days=7)))
    elif expiry == "month":
        found = found.filter(expires_on__range=(today, today + timedelta(days=30)))
    elif expiry == "past":
        found = found.filter(expires_on__lt=today)
    elif expiry == "cleanup":
        found = found.filter(live, expires_on__lt=today - timedelta(days=config.reactivation_days))
    if key := _key(after):
        day, pk = key
        found = found.filter(Q(expires_on__lt=day) | Q(expires_on=day, pk__lt=pk))
    rows = list(found.order_by("-expires_on", "-pk")[: PAGE + 1])
    shown = rows[:PAGE]
    return Page(
        rows=tuple(_row(item, today=today) for item in shown),
        next_after=f"{shown[-1].expires_on.isoformat()}_{shown[-1].pk}" if len(rows) > PAGE else "",
    )


def _key(after: str) -> tuple[date, int] | None:
    day, _, pk = after.partition("_")
    try:
        return date.fromisoformat(day), int(pk) if len(pk) < 19 else 0
    except ValueError:
        return None


def _status(item: Subscription, *, today: date) -> str:
    if item.status == "terminated":
        return "terminated"
    return "active" if today <= item.expires_on else "expired"


def _row(item: Subscription, *, today: date) -> Row:
    status = _status(item, today=today)
    identity = naming.identity_of(item)
    termination = getattr(item, "termination", None)
    return Row(
        uuid=item.uuid,
        plan=identity.title,
        numbers=identity.numbers_text,
        status=status,
        status_label=STATUS_LABELS[status],
        ended_on=days.display(termination.terminated_on) if termination else "",
        auto_renewal="On" if item.auto_renew else "Off",
        renewal_date=_renewal_date(item) if item.auto_renew and status == "active" else "",
        expiry_date=days.display(item.expires_on),
        price=f"{money.display(item.plan.price_per_month, currency=item.currency)} a month",
        contract=identity.contract,
        trial="Trial" if item.is_trial else "",
    )


def _renewal_date(item: Subscription) -> str:
    return days.display(days.add_days(item.expires_on, -RENEWAL_LEAD_DAYS))
