"""Read scheduled ends: those that are due, and all for their list."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from moneyed import Money

from customers import selectors as customers_selectors
from portal.lib import days
from settings_app import selectors as settings_selectors
from settings_app.models import TerminationReason
from subscriptions.models import ContractItem, TerminationRequest
from subscriptions.policies.identity import Identity
from subscriptions.selectors import naming
from subscriptions.termination.selectors import estimates

KIND = "scheduled_ends"
PART = "carry_out"
# The items of a run are about subscriptions.
SUBSCRIPTION = "subscription"
# The time zone whose day begins first: tomorrow is never later elsewhere.
FIRST_ZONE = "Pacific/Kiritimati"


@dataclass(frozen=True)
class Due:
    """A scheduled end whose day is over. *Shape*: `why_not` says why nobody can tell, else it is empty."""

    uuid: uuids.UUID
    subscription_uuid: uuids.UUID
    organisation_uuid: uuids.UUID
    ends_on: date
    why_not: str = ""


def due(*, at: datetime) -> tuple[Due, ...]:
    """List the open requests whose day has ended where the organisation is, the earliest first.

    Those that wait for a person are left out. One query.
    """
    rows = (
        TerminationRequest.objects.filter(
            state=TerminationRequest.State.OPEN,
            needs_person_since__isnull=True,
            ends_on__lt=days.today_in(FIRST_ZONE, at=at),
        )
        .order_by("ends_on", "pk")
        .values_list("uuid", "subscription__uuid", "organisation__uuid", "ends_on", "organisation__timezone")
    )
    found = []
    for uuid, subscription, organisation, ends_on, zone in rows:
        try:
            is_over = ends_on < days.today_in(zone, at=at)
        except days.UnknownTimezone as unknown:
            found.append(Due(uuid, subscription, organisation, ends_on, why_not=str(unknown)))
        else:
            if is_over:
                found.append(Due(uuid, subscription, organisation, ends_on))
    return tuple(found)


NEEDS_PERSON = Q(state=TerminationRequest.State.OPEN, needs_person_since__isnull=False)


@dataclass(frozen=True)
class RequestRow:
    """A scheduled end in a list. *Shape*: `state` is a code; `estimate` is that of today, None of closed ones."""

    uuid: uuids.UUID
    subscription_uuid: uuids.UUID
    identity: Identity
    organisation: customers_selectors.Named
    ends_on: date
    state: str
    why: str
    estimate: Money | None
    reason: str
    requested_by: str
    actor: str
    asked_on: date
    termination_uuid: uuids.UUID | None
    withdrawal_reason: str


def requests() -> QuerySet[Any, Any]:
    """Give the query of all requests."""
    return TerminationRequest.objects.all()


@cache
def whole_requests() -> QuerySet[Any, Any]:
    """Read requests as tuples of what `request_rows` shows."""
    contract = ContractItem.objects.filter(subscription=OuterRef("subscription")).values("contract__reference")
    reason = TerminationReason.objects.filter(pk=OuterRef("reason")).order_by().values("label")
    rows: QuerySet[Any, Any] = naming.with_identity(requests(), subscription="subscription").annotate(
        contract=Subquery(contract), reason_label=Subquery(reason)
    )
    return rows.values_list(
        *("id", "uuid", "subscription_id", "ends_on", "state", "refusal_sentence", "requested_by", "actor"),
        *("asked_on", "withdrawal_reason", "termination__uuid", "subscription__currency"),
        *(
            f"organisation__{name}"
            for name in ("uuid", "name", "customer_reference", "owner_email", "billing_email")
        ),
        *(f"subscription__{name}" for name in ("uuid", "started_on", "plan__name", "plan__product__name")),
        *("first_numbers", "number_count", "contract", "reason_label"),
        named=True,
    )


def request_rows(found: Sequence[Any]) -> tuple[RequestRow, ...]:
    """Turn requests into values. Three queries for the estimates of those that are open; none where none is."""
    ends = {row.subscription_id: row.ends_on for row in found if row.state == TerminationRequest.State.OPEN}
    estimated = estimates.to_credits_of(ends, config=settings_selectors.current_config()) if ends else {}
    return tuple(_row(row, estimated.get(row.subscription_id)) for row in found)


def _row(row: Any, estimate: Any) -> RequestRow:
    is_open = row.state == TerminationRequest.State.OPEN
    return RequestRow(
        uuid=row.uuid,
        subscription_uuid=row.subscription__uuid,
        identity=Identity(
            uuid=row.subscription__uuid,
            product=row.subscription__plan__product__name,
            plan=row.subscription__plan__name,
            numbers=tuple(row.first_numbers),
            number_count=row.number_count,
            contract=row.contract or "",
            started_on=row.subscription__started_on,
        ),
        organisation=customers_selectors.named_by(
            uuid=row.organisation__uuid,
            name=row.organisation__name,
            reference=row.organisation__customer_reference,
            emails=(row.organisation__owner_email, row.organisation__billing_email),
        ),
        ends_on=row.ends_on,
        state=row.state,
        why=row.refusal_sentence if is_open else row.withdrawal_reason,
        estimate=Money(estimate, row.subscription__currency) if is_open and estimate is not None else None,
        reason=row.reason_label or "",
        requested_by=row.requested_by,
        actor=row.actor,
        asked_on=row.asked_on,
        termination_uuid=row.termination__uuid,
        withdrawal_reason=row.withdrawal_reason,
    )
