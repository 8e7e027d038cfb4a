"""Unsubscribe and resubscribe: switch auto-renewal. The subscription stays usable until it expires."""

from __future__ import annotations

import uuid
from datetime import datetime

from portal import frame
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.models import HistoryEntry, Subscription
from subscriptions.selectors import naming, reading


class RenewalRefused(Exception):
    """Say why auto-renewal can't be switched."""


class AlreadySo(Exception):
    """Say that auto-renewal already is what was asked for; nothing was written."""


def set_auto_renew(*, subscription_uuid: uuid.UUID, wanted: bool, by: frame.Actor, at: datetime) -> Subscription:
    """Switch auto-renewal on (resubscribe) or off (unsubscribe).

    *Raises*: Subscription.DoesNotExist; RenewalRefused; AlreadySo (also a double click).
    """
    with frame.operation("set_auto_renew"):
        config = settings_selectors.current_config()
        pk = (
            Subscription.objects.select_for_update(no_key=True, of=("self",))
            .values_list("pk", flat=True)
            .get(uuid=subscription_uuid)
        )
        subscription = reading.subscriptions().get(pk=pk)
        today = days.today_in(subscription.organisation.timezone, at=at)
        stands = reading.standing_of(subscription, on=today, reactivation_days=config.reactivation_days)
        if stands.status == "terminated":
            raise RenewalRefused(stands.why_not)
        if stands.status == "expired":
            raise RenewalRefused(
                f"This subscription expired on {days.display(subscription.expires_on)}; it no longer renews."
            )
        if subscription.is_trial and wanted:
            raise RenewalRefused("A trial does not renew.")
        if subscription.auto_renew == wanted:
            raise AlreadySo
        subscription.auto_renew = wanted
        subscription.save(update_fields=["auto_renew"])
        event = "Resubscribed" if wanted else "Unsubscribed"
        until = days.display(subscription.expires_on)
        told = f"Auto-renewal on; renews before {until}." if wanted else f"Usable until {until}; no refund."
        HistoryEntry.objects.create(subscription=subscription, at=at, event=event, description=told, actor=by.name)
        audit_operations.record(
            app=names.SUBSCRIPTIONS,
            event=event,
            description=f"Subscription {naming.identity_of(subscription).named}: {told}",
            by=by,
            at=at,
            organisation=audit_operations.Affected(subscription.organisation.uuid, subscription.organisation.name),
        )
    return subscription
