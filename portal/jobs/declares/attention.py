"""Declare which runs need somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from portal.jobs import selectors
from portal.jobs.lists import RUNS
from portal.lib import attention

RECENT = timedelta(days=7)


def _recent(state: str) -> Callable[[datetime], attention.Query]:
    return lambda at: {"state": state, "started_from": (at - RECENT).date().isoformat()}


attention.declare(
    attention.Box(
        code="runs",
        order=700,
        of=RUNS,
        address="jobs:runs",
        advice="Its page says what failed, and why.",
        lines=(
            attention.Line("Runs with failures in the last 7 days", _recent(selectors.FAULTY)),
            attention.Line("Runs refused in the last 7 days", _recent(selectors.REFUSED)),
            attention.Line("Runs not finished in the last 7 days", _recent(selectors.UNFINISHED)),
        ),
    )
)
