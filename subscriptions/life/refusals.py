"""Why auto-renewal is not switched, and why nothing is renewed: asked before anybody tries, and under the lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal import frame
from subscriptions.models import Subscription
from subscriptions.policies import renewals
from subscriptions.policies.standing import Standing
from subscriptions.termination import refusals


@dataclass(eq=False)
class HasExpired(frame.Refused):
    """What has expired no longer renews."""

    code = "subscription_expired"

    expired_on: date


@dataclass(eq=False)
class EndIsScheduled(frame.Refused):
    """The end was asked for a day after the last one, so it can't be left to expire before."""

    code = "end_scheduled_after_expiry"

    ends_on: date


class TrialDoesNotRenew(frame.Refused):
    """A trial ends on its day."""

    code = "trial_does_not_renew"


@dataclass(eq=False)
class AlreadySo(frame.Refused):
    """Auto-renewal already is what was asked for."""

    code = "auto_renewal_already_so"

    wanted: bool


@dataclass(eq=False)
class NotRenewable(frame.Refused):
    """The subscription may not be renewed now."""

    code = "not_renewable"

    why: renewals.WhyNot


@dataclass(eq=False)
class RenewalShownAnew(frame.Refused):
    """Nothing is renewed for what was seen; `fresh` is the preview of now."""

    fresh: Any


class RenewalChanged(RenewalShownAnew):
    """What was seen is not what would be charged."""

    code = "renewal_changed"


class RenewalShownTooLongAgo(RenewalShownAnew):
    """What was seen is older than its seal is good for."""

    code = "renewal_shown_too_long_ago"


def why_not_switched(subscription: Subscription, *, stands: Standing, wanted: bool) -> frame.Refused | None:
    """Say why auto-renewal of what comes from `reading.subscriptions()` can't be switched on or off; else None."""
    if stands.status == "terminated":
        return refusals.AlreadyTerminated.of(subscription)
    if stands.status == "expired":
        return HasExpired(subscription.expires_on)
    if stands.scheduled and stands.scheduled.has_come:
        return refusals.EndHasCome(stands.scheduled.on)
    if stands.scheduled and not wanted and stands.scheduled.on > subscription.expires_on:
        return EndIsScheduled(stands.scheduled.on)
    if subscription.is_trial and wanted:
        return TrialDoesNotRenew()
    if subscription.auto_renew == wanted:
        return AlreadySo(wanted)
    return None
