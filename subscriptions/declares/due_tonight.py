"""Declare to Portal Config what the next night would end and renew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from settings_app import policies, tonight
from subscriptions.clean_up.operations import expire
from subscriptions.life import operations as life
from subscriptions.life.selectors import due as life_due
from subscriptions.selectors import zones

BATCH = 2000
"""Subscriptions between two looks at the clock."""


@tonight.declare
def due(reactivation_days: int, at: datetime) -> int:
    """Count the subscriptions that a clean-up would end under other reactivation days. Two queries."""
    return expire.count_due(as_of=None, at=at, reactivation_days=reactivation_days)


@tonight.declare_renewals
def renewed(values: policies.Values, at: datetime, stop: Callable[[], bool]) -> tonight.Renewals:
    """Say what a night would renew, as its dry run does."""
    rule = life_due.Rule(zones.todays(as_of=None, at=at), values)
    found = life.foresee(rule, batch_size=BATCH, progress=lambda done: None, stop=stop)
    return tonight.Renewals(
        renewed=found.renewed,
        refused=found.refused,
        sums=found.charged,
        is_cut=found.was_stopped,
    )
