"""Unsubscribe and resubscribe: switch auto-renewal. The subscription stays usable until it expires."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription
from subscriptions.selectors import naming, reading
from subscriptions.termination import refusals


@dataclass(eq=False)
class HasExpired(frame.Refused):
    """What has expired no longer renews."""

    code = "subscription_expired"

    expired_on: date


class TrialDoesNotRenew(frame.Refused):
    """A trial ends on its day."""

    code = "trial_does_not_renew"


@dataclass(eq=False)
class AlreadySo(frame.Refused):
    """Auto-renewal already is what was asked for."""

    code = "auto_renewal_already_so"

    wanted: bool


def set_auto_renew(*, subscription_uuid: uuid.UUID, wanted: bool, by: frame.Actor, at: datetime) -> Subscription:
    """Switch auto-renewal on (resubscribe) or off (unsubscribe).

    *Raises*: Subscription.DoesNotExist; AlreadyTerminated; HasExpired; TrialDoesNotRenew; AlreadySo (also a
    double click).
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
            raise refusals.AlreadyTerminated.of(subscription)
        if stands.status == "expired":
            raise HasExpired(subscription.expires_on)
        if subscription.is_trial and wanted:
            raise TrialDoesNotRenew
        if subscription.auto_renew == wanted:
            raise AlreadySo(wanted)
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
