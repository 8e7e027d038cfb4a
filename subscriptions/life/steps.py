"""The seal in which travels what somebody saw of a renewal, bound to user and subscription."""

from __future__ import annotations

import uuid as uuids
from datetime import datetime, timedelta

from portal.lib import seals
from portal.lib.http import Request
from subscriptions.life import operations
from subscriptions.models import Subscription

PURPOSE = "recover"
SEAL_AGE = timedelta(minutes=30)


def seal(request: Request, subscription: Subscription, *, preview: operations.Preview, at: datetime) -> str:
    """Seal a preview, with a key drawn for it."""
    payload = {
        "user": request.user.pk,
        "subscription": str(subscription.uuid),
        "key": str(uuids.uuid4()),
        "document": preview.document,
    }
    return seals.seal(payload, at=at, purpose=PURPOSE)


def unseal(request: Request, subscription: Subscription, *, at: datetime) -> operations.Seen | None:
    """Open the seal of the form; None where it is broken or somebody else's.

    One that is too old is still good for the first answer to what was renewed by it.
    """
    is_too_old = False
    try:
        payload = seals.unseal(request.POST.get("seal", ""), at=at, purpose=PURPOSE, max_age=SEAL_AGE)
    except seals.SealExpired as expired:
        payload, is_too_old = expired.payload, True
    except seals.SealBroken:
        return None
    if payload.get("user") != request.user.pk or payload.get("subscription") != str(subscription.uuid):
        return None
    return operations.Seen(uuids.UUID(payload["key"]), payload["document"], is_too_old=is_too_old)
