"""Declare where the UUID of a subscription or a termination leads."""

import uuid
from collections.abc import Collection

from django.db.models import Value
from django.urls import reverse

from portal.lib import mentions
from subscriptions.models import Subscription, Termination


@mentions.declare
def subscriptions_and_terminations(words: Collection[str]) -> dict[str, str]:
    """Find the subscriptions and terminations of these UUIDs. One query; none where no word is one."""
    uuids = [parsed for word in words if (parsed := _uuid(word))]
    if not uuids:
        return {}
    ended = Termination.objects.filter(uuid__in=uuids).order_by()
    running = Subscription.objects.filter(uuid__in=uuids).order_by()
    found = running.values_list(Value("subscriptions:detail"), "uuid").union(
        ended.values_list(Value("subscriptions:termination"), "uuid"), all=True
    )
    return {str(named): reverse(name, kwargs={"uuid": named}) for name, named in found}


def _uuid(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(word) if len(word) == 36 else None
    except ValueError:
        return None
