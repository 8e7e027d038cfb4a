"""Unsubscribe and resubscribe: switch auto-renewal. The subscription stays usable until it expires."""

from __future__ import annotations

import uuid
from datetime import datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.life import refusals
from subscriptions.models import Subscription
from subscriptions.selectors import naming, reading


def set_auto_renew(*, subscription_uuid: uuid.UUID, wanted: bool, by: frame.Actor, at: datetime) -> Subscription:
    """Switch auto-renewal on (resubscribe) or off (unsubscribe).

    *Raises*: Subscription.DoesNotExist; AlreadyTerminated; HasExpired; TrialDoesNotRenew; AlreadySo (also a
    double click).
    """
    with frame.operation("set_auto_renew"):
        config = settings_selectors.current_config()
        subscription = reading.locked(subscription_uuid)
        today = days.today_in(subscription.organisation.timezone, at=at)
        stands = reading.standing_of(subscription, on=today, reactivation_days=config.reactivation_days)
        if why_not := refusals.why_not_switched(subscription, stands=stands, wanted=wanted):
            raise why_not
        subscription.auto_renew = wanted
        subscription.save(update_fields=["auto_renew"])
        until = days.display(subscription.expires_on)
        told = f"Auto-renewal on; renews before {until}." if wanted else f"Usable until {until}; no refund."
        audit_operations.record(
            "subscription.resubscribed" if wanted else "subscription.unsubscribed",
            sentence=f"Subscription {naming.identity_of(subscription).named}: {told}",
            subject=audit_operations.Subject("subscription", subscription.uuid),
            data={"auto_renew": wanted, "expires_on": subscription.expires_on, "told": told},
            by=by,
            at=at,
            organisation=audit_operations.Affected(subscription.organisation.uuid, subscription.organisation.name),
        )
    return subscription
