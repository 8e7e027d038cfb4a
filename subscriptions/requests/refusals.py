"""Why the end of a subscription is not scheduled, or a scheduled one not withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal import frame
from subscriptions.termination.quote import quotes


@dataclass(eq=False)
class AskedAlready(frame.Refused):
    """An end is asked for already."""

    code = "end_already_scheduled"

    ends_on: date
    by: str


@dataclass(eq=False)
class NotActive(frame.Refused):
    """What has expired has no later day to end on."""

    code = "end_of_expired"

    expired_on: date


@dataclass(eq=False)
class NotAhead(frame.Refused):
    """The day has begun, or is over: an end is scheduled from tomorrow on."""

    code = "end_not_ahead"
    status = 422
    field = "ends_on"

    first: date


@dataclass(eq=False)
class AfterExpiry(frame.Refused):
    """Auto-renewal is off, so the subscription expires before that day."""

    code = "end_after_expiry"
    status = 422
    field = "ends_on"

    expires_on: date


@dataclass(eq=False)
class EstimateChanged(frame.Refused):
    """What was shown is not what would be computed now; `fresh` is shown instead."""

    code = "estimate_changed"

    fresh: quotes.Quote
    ends_on: date


class WhyMissing(frame.Refused):
    """Nobody said why the scheduled end is withdrawn."""

    code = "withdrawal_reason_missing"
    status = 422
    field = "reason"


@dataclass(eq=False)
class WhyTooLong(frame.Refused):
    """The reason has too many characters."""

    code = "withdrawal_reason_too_long"
    status = 422
    field = "reason"

    count: int
    most: int


class NoneOpen(frame.Refused):
    """There is no open request: it was withdrawn or carried out."""

    code = "no_scheduled_end"
