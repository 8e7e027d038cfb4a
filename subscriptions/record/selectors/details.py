"""Read what the sidebar of a subscription shows, as ready-made strings."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from portal.audit.models import AuditEntry
from portal.lib import days, money, text
from settings_app.selectors import Config
from subscriptions.models import HistoryEntry, Subscription
from subscriptions.policies import renewals
from subscriptions.policies.identity import Identity
from subscriptions.policies.standing import Standing
from subscriptions.selectors import naming, reading
from subscriptions.termination.selectors import estimates
from subscriptions.termination.words import scheduled

STATUS_LABELS = dict(Subscription.Status.choices)


@dataclass(frozen=True)
class Term:
    """A term and its value, as definition lists show them."""

    term: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class NumberRow:
    """A number and what became of it."""

    number: str
    status: str
    status_label: str
    hint: str


@dataclass(frozen=True)
class Assignee:
    """Somebody who uses the subscription, or did (`until`)."""

    name: str
    email: str
    until: str


MOST_HISTORY = 20


@dataclass(frozen=True)
class HistoryRow:
    """One line of the history."""

    at: str
    event: str
    description: str
    actor: str


@dataclass(frozen=True)
class Scheduled:
    """The end that is asked for a later day. *Shape*: `waits` says why a person has to look; else it is empty."""

    ends_on: str
    terms: tuple[Term, ...]
    waits: str


@dataclass(frozen=True)
class Details:
    """Everything in the sidebar, in the order of domain.md 3."""

    uuid: uuids.UUID
    identity: Identity
    status: str
    status_label: str
    organisation_uuid: uuids.UUID
    organisation_name: str
    assignees: tuple[Assignee, ...]
    contract: Term
    plan: Term
    add_ons: tuple[Term, ...]
    numbers: tuple[NumberRow, ...]
    billing: tuple[Term, ...]
    history: tuple[HistoryRow, ...]
    termination_uuid: uuids.UUID | None
    scheduled: Scheduled | None


def _billing_model(subscription: Subscription, *, today: date) -> str:
    """Say how many months a cycle has: the last one that began, or the first where none has. One query or two."""
    months = subscription.cycles.values_list("months", flat=True)
    found = (
        months.filter(first_day__lte=today).order_by("-first_day").first() or months.order_by("first_day").first()
    )
    if found is None:
        return ""
    return f"{text.counted(found, 'month')} a cycle"


def _history(subscription: Subscription) -> Iterable[Any]:
    """Read what happened, the newest first: events, and the lines that were written before there were any."""
    columns = ("id", "at", "event", "actor", "told")
    events = (
        AuditEntry.objects.filter(subject_uuid=subscription.uuid)
        .annotate(told=Coalesce(KT("data__told"), "description"))
        .order_by("-pk")
        .values_list(*columns, named=True)[:MOST_HISTORY]
    )
    before = (
        HistoryEntry.objects.filter(subscription=subscription)
        .annotate(told=F("description"))
        .order_by("-pk")
        .values_list(*columns, named=True)[:MOST_HISTORY]
    )
    return events.union(before, all=True).order_by("-at", "-id")[:MOST_HISTORY]


def _scheduled(subscription: Subscription, *, config: Config) -> Scheduled | None:
    """Say which end is scheduled, and what it would give by what is known today. Two queries; none without one."""
    stored = reading.open_request_of(subscription)
    if stored is None:
        return None
    estimated = estimates.to_credits_of({subscription.pk: stored.ends_on}, config=config)
    today = money.display(estimated[subscription.pk], currency=subscription.currency)
    return Scheduled(
        ends_on=f"Ends on {days.display(stored.ends_on)}",
        terms=(
            Term(
                "Estimate today",
                f"{today} into Available Credits",
                f"when it was asked: {scheduled.estimate(stored.quote)}",
            ),
            Term(
                "Requested by",
                stored.requested_by,
                f"{stored.get_channel_display()}, {days.display(stored.requested_on)}",
            ),
            Term("Scheduled by", stored.actor, days.display(stored.asked_on)),
        ),
        waits=scheduled.waits(stored),
    )


def _renewal(subscription: Subscription, *, stands: Standing, config: Config) -> str:
    """Say where and from when auto-renewal renews; nothing where it is off, or there is nothing to renew."""
    if not subscription.auto_renew or subscription.is_trial or stands.status != "active":
        return ""
    if not config.renews_here(subscription.plan.product.name):
        return "renewed elsewhere"
    if reading.has_failed_to_renew(subscription):
        return "its renewal was refused; the history says why"
    return f"renews from {days.display(renewals.renewal_date(subscription.expires_on))}"


def subscription_details(subscription: Subscription, *, stands: Standing, today: date, config: Config) -> Details:
    """Read the sidebar of a subscription from `subscriptions()`. Five queries, or six; two for a scheduled end."""
    identity = naming.identity_of(subscription)
    item = getattr(subscription, "contract_item", None)
    termination = getattr(subscription, "termination", None)
    currency = subscription.currency
    price = money.display(subscription.plan.price_per_month, currency=currency)
    billing = [
        Term("Billing model", _billing_model(subscription, today=today)),
        Term("Payment mode", subscription.organisation.get_payment_mode_display(), currency),
        Term("Started on", days.display(subscription.started_on)),
        Term("Expiry date", days.display(subscription.expires_on)),
        Term(
            "Auto-renewal",
            "On" if subscription.auto_renew else "Off",
            _renewal(subscription, stands=stands, config=config),
        ),
    ]
    if subscription.is_trial:
        billing.append(Term("Trial", "Yes", "nothing comes back when it ends"))
    return Details(
        uuid=subscription.uuid,
        identity=identity,
        status=stands.status,
        status_label=STATUS_LABELS[stands.status],
        organisation_uuid=subscription.organisation.uuid,
        organisation_name=subscription.organisation.name,
        assignees=tuple(
            Assignee(
                name=a.member.name,
                email=a.member.email,
                until=f"until {days.display(a.ended_on)}" if a.ended_on else "",
            )
            for a in sorted(
                subscription.assignments.select_related("member").order_by("pk"),
                key=lambda assignment: text.sort_key(assignment.member.name),
            )
        ),
        contract=Term(
            "Contract",
            item.contract.reference if item else "",
            f"{item.contract.get_billing_plan_display()}"
            + (f", freed on {days.display(item.freed_on)}" if item.freed_on else "")
            if item
            else "",
        ),
        plan=Term(
            "Plan",
            identity.title,
            f"{price} a month, net",
        ),
        add_ons=tuple(
            Term(a.name, f"{money.display(a.price_per_month, currency=currency)} a month")
            for a in sorted(subscription.add_ons.all(), key=lambda add_on: text.sort_key(add_on.name))
        ),
        numbers=tuple(
            NumberRow(
                number=n.number,
                status=n.status,
                status_label=n.get_status_display(),
                hint=(f"through {days.display(n.reserved_through)}" if n.reserved_through else "")
                or ("ported in" if n.is_ported_in else ""),
            )
            for n in subscription.numbers.all()
        ),
        billing=tuple(billing),
        history=tuple(
            HistoryRow(
                at=days.moment(days.wall_clock(subscription.organisation.timezone, at=row.at)),
                event=row.event,
                description=row.told,
                actor=row.actor,
            )
            for row in _history(subscription)
        ),
        termination_uuid=termination.uuid if termination else None,
        scheduled=_scheduled(subscription, config=config),
    )
