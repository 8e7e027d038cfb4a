"""Declare to Portal Config what the clean-up would end."""

from __future__ import annotations

from datetime import datetime

from settings_app import tonight
from subscriptions.clean_up.operations import expire


@tonight.declare
def due(reactivation_days: int, at: datetime) -> int:
    """Count the subscriptions that a clean-up would end under other reactivation days. Two queries."""
    return expire.count_due(as_of=None, at=at, reactivation_days=reactivation_days)
