"""Read the numbers that the end of a subscription reserves."""

from __future__ import annotations

from subscriptions.models import PhoneNumber, Subscription
from subscriptions.termination.quote.numbers import KeptNumber


def numbers_to_keep(subscription: Subscription) -> tuple[KeptNumber, ...]:
    """Read the numbers that a termination would reserve. One query."""
    found = PhoneNumber.objects.filter(subscription=subscription, status=PhoneNumber.Status.IN_USE)
    return tuple(
        KeptNumber(number, is_ported_in)
        for number, is_ported_in in found.order_by("number").values_list("number", "is_ported_in")
    )
