"""Recover: renew one subscription at once, as the night would, for what was shown before. Source: domain.md 7."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.models import CreditAccount
from invoicing import operations as invoicing_operations
from invoicing.operations import charging
from portal import frame
from portal.audit import operations as audit_operations
from portal.audit.models import AuditEntry
from portal.lib import days, money
from portal.postgresql.writer import given, passed
from settings_app import selectors as settings_selectors
from subscriptions import writer
from subscriptions.life import refusals
from subscriptions.life.selectors import costs, next_cycles
from subscriptions.life.writer import REASON
from subscriptions.models import Subscription
from subscriptions.policies import next_cycle, renewals
from subscriptions.selectors import naming, reading

RENEWED = "subscription.renewed"


@dataclass(frozen=True)
class Preview:
    """What a renewal would do. *Units*: `available` is what can be spent before it."""

    next: next_cycle.NextCycle
    available: Decimal
    currency: str

    @property
    def document(self) -> dict[str, Any]:
        """Write what decides, as it is sealed and compared."""
        return {
            "first_day": self.next.span.first_day.isoformat(),
            "day_after": self.next.span.day_after.isoformat(),
            "months": self.next.months,
            "currency": self.currency,
            "charges": [
                {"kind": one.kind, "key": one.key, "name": one.name, "net": str(one.net), "tax": str(one.tax)}
                for one in self.next.charges
            ],
        }


def preview_of(subscription: Subscription, *, config: settings_selectors.Config, on: date) -> Preview:
    """Say what the renewal of what comes from `reading.subscriptions()` would do on a day.

    *Raises*: NotRenewable, InsufficientCredits.
    """
    found = next_cycles.next_of(subscription, config=config)
    why = renewals.why_not(found.facts, on=on, reactivation_days=config.reactivation_days)
    span = found.facts.next_cycle
    if why or span is None:
        raise refusals.NotRenewable(why or renewals.NoCycleKnown())
    charges = next_cycle.charges_of(
        found.things, months=found.months, on=on, taxes=found.taxes, currency=subscription.currency
    )
    if isinstance(charges, next_cycle.NoTaxRate):
        raise refusals.NotRenewable(charges)
    available = CreditAccount.objects.get(organisation=subscription.organisation_id).available
    wanted = next_cycle.NextCycle(span, found.months, charges)
    if wanted.total:
        charging.check_cover(wanted.total, available=available, currency=subscription.currency)
    return Preview(wanted, available=available, currency=subscription.currency)


@dataclass(frozen=True)
class Seen:
    """What somebody saw.

    *Shape*: `key` was drawn when it was shown: sent again, it gets the first answer, whatever its age; but what
    `is_too_old` renews nothing.
    """

    key: uuids.UUID
    document: dict[str, Any]
    is_too_old: bool = False

    @property
    def total(self) -> Decimal:
        """Add up what was seen."""
        charges = self.document["charges"]
        return sum((Decimal(one["net"]) + Decimal(one["tax"]) for one in charges), Decimal(0))


def recover(*, subscription_uuid: uuids.UUID, seen: Seen, by: frame.Actor, at: datetime) -> str:
    """Renew one subscription for what was seen, and say what was done.

    *Raises*: Subscription.DoesNotExist; KeyReused; Refused, as one of NotRenewable, InsufficientCredits,
    RenewalChanged, RenewalShownTooLongAgo.
    """
    key = frame.Key(seen.key, {"subscription": subscription_uuid, "seen": seen.document}, by=by, at=at)
    with frame.operation("recover_renewal", key=key) as earlier:
        if earlier:
            event = AuditEntry.objects.get(
                subject_uuid=subscription_uuid, kind=RENEWED, data__recovery=str(earlier)
            )
            return str(event.data["told"])
        config = settings_selectors.locked_config()
        subscription = reading.locked(subscription_uuid)
        owner = subscription.organisation
        today = days.today_in(owner.timezone, at=at)
        preview = preview_of(subscription, config=config, on=today)
        if seen.is_too_old:
            raise refusals.RenewalShownTooLongAgo(preview)
        if preview.document != seen.document:
            raise refusals.RenewalChanged(preview)
        charged = _write(subscription, preview.next, on=today, by=by, at=at)
        told = f"{days.display_range(preview.next.span)}: " + (
            f"{money.display(charged.amount, currency=preview.currency)}, {charged.number}."
            if charged
            else "nothing to charge."
        )
        audit_operations.record(
            RENEWED,
            sentence=f"Subscription {naming.identity_of(subscription).named} renewed. {told}",
            subject=audit_operations.Subject("subscription", subscription.uuid),
            data={
                "first_day": preview.next.span.first_day,
                "last_day": preview.next.span.last_day,
                "months": preview.next.months,
                "currency": preview.currency,
                "charged": preview.next.total,
                "invoice": charged.number if charged else None,
                "told": told,
                "recovery": key.outcome,
            },
            by=by,
            at=at,
            organisation=audit_operations.Affected(owner.uuid, owner.name),
        )
    return told


def _write(
    subscription: Subscription, wanted: next_cycle.NextCycle, *, on: date, by: frame.Actor, at: datetime
) -> invoicing_operations.Charged | None:
    """Open the cycle, and charge for it; the account and the series are locked last."""
    span = wanted.span
    ends = {"first_day": span.first_day, "day_after": span.day_after}
    cycle = {"subscription_id": subscription.pk, **ends, "months": wanted.months, "row_sha256": ""}
    (cycle_id,) = writer.CYCLES.write([cycle], then="RETURNING id")
    opened = given({"subscription_id": "bigint", "today": "date"})
    with connection.cursor() as cursor:
        cursor.execute(
            writer.prolong(opened), {"rows": passed([{"subscription_id": subscription.pk, "today": on}])}
        )
    charged = invoicing_operations.to_charge(
        [
            invoicing_operations.Line(
                one.kind, costs.description_of(one.name, span=span)[:300], net=one.net, tax=one.tax
            )
            for one in wanted.charges
        ],
        to=subscription.organisation,
        reason=REASON,
        on=on,
        by=by,
        at=at,
    )
    if charged:
        writer.CYCLE_CHARGES.write(
            {"cycle_id": cycle_id, "line_id": line_id, **ends, f"{one.kind}_id": one.key}
            for line_id, one in zip(charged.line_ids, wanted.charges, strict=True)
        )
    return charged
