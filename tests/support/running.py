"""Rows of runs, as the clean-up would leave them."""

import datetime as dt
from typing import Any

from portal.jobs.models import Run, RunItem
from subscriptions.models import Subscription

_FIELDS = {"kind", "finished_at", "actor", "as_of", "workers", "limit", "was_stopped", "refusal", "parameters"}


def run(at: dt.datetime, **fields: Any) -> Run:
    """Make a run. *Shape*: what is no column is a count."""
    columns = {name: value for name, value in fields.items() if name in _FIELDS}
    counts = {name: value for name, value in fields.items() if name not in _FIELDS}
    return Run.objects.create(
        **{"kind": "clean_up", "started_at": at, "actor": "system", "as_of": at.date(), "counts": counts, **columns}
    )


def failure(of: Run, subscription: Subscription, reason: str, **data: Any) -> RunItem:
    """Make a subscription that could not be ended."""
    return _item(of, subscription, outcome=RunItem.Outcome.FAILED, sentence=reason, data=data)


def held(of: Run, subscription: Subscription) -> RunItem:
    """Make a subscription that was held back, expired for 37 days."""
    data = {"expires_on": "2026-02-01", "days_expired": 37}
    return _item(of, subscription, outcome=RunItem.Outcome.HELD, data=data)


def _item(of: Run, subscription: Subscription, **fields: Any) -> RunItem:
    return RunItem.objects.create(run=of, subject_kind="subscription", subject_uuid=subscription.uuid, **fields)
