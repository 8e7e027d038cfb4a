"""Estimate many ends on later days at once, for lists: what would go into Available Credits as of today's facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from settings_app.selectors import Config
from subscriptions import policies
from subscriptions.selectors import reading
from subscriptions.termination.selectors import quoting


def to_credits_of(ends: Mapping[int, date], *, config: Config) -> dict[int, Decimal]:
    """Compute by subscription what an end on its day would refund. Two queries; none for nobody.

    Notes are counted in what the charges were credited; which of them may be the refund matters only when it ends.
    """
    if not ends:
        return {}
    found = list(reading.subscriptions().filter(pk__in=ends))
    facts = quoting.facts_of_many(found)
    return {
        subscription.pk: policies.refund(
            facts[subscription.pk],
            on=ends[subscription.pk],
            policy=quoting.terms_of(config, currency=subscription.currency).policy,
            is_expired_case=False,
        ).total
        if config.allow_refund
        else Decimal(0)
        for subscription in found
    }
