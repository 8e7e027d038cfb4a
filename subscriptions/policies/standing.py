"""Say where a subscription stands on a day, and whether it may be terminated then. Pure. Source: domain.md 1, 2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from portal.lib import days

HELD_BACK = (
    "Auto-renewal is on, and after the last cycle no renewal was seen here, neither made nor refused, so the "
    "nightly clean-up holds this subscription back. If it was renewed elsewhere, its new cycles have to be "
    "imported; what is terminated cannot come back."
)

Status = Literal["active", "expired", "terminated"]
Case = Literal["customer_request", "expired"]


@dataclass(frozen=True)
class Ended:
    """Hold who terminated a subscription, and when in the organisation's zone.

    *Shape*: `time` as people read it, "06:00 (Asia/Singapore)"; empty where only the day is known.
    """

    by: str
    on: date
    time: str = ""


@dataclass(frozen=True)
class NotYet:
    """Hold when a subscription expired that can be reactivated still, and from when it may be terminated."""

    expired_on: date
    terminable_from: date


WhyNot = Ended | NotYet


def why_not_terminable(why: WhyNot) -> str:
    """Say why a subscription may not be terminated: the sentence for every attempt."""
    match why:
        case Ended(by=by, on=on, time=time):
            when = days.display(on) + (f" at {time}" if time else "")
            return f"This subscription was already terminated by {by} on {when}. A termination cannot be undone."
        case NotYet(expired_on=expired_on, terminable_from=first):
            return (
                f"This subscription expired on {days.display(expired_on)}. It can be terminated from "
                f"{days.display(first)}."
            )
        case _:
            assert_never(why)


def first_day_to_ask(*, began: date, today: date) -> date | None:
    """Give the first day on which the end could be asked for; None where the subscription begins after today."""
    return began if began <= today else None


def why_too_early(began: date) -> str:
    """Say why a day of asking is refused."""
    return f"The subscription began on {days.display(began)}; nobody can have asked before that day."


@dataclass(frozen=True)
class Scheduled:
    """Hold the day for which the end is asked, and whether it has come, and is over, on the day asked about."""

    on: date
    has_come: bool
    is_over: bool


@dataclass(frozen=True)
class Standing:
    """Hold the status on the day asked, and the case under which the subscription may be terminated, or why not.

    *Shape*: `scheduled` is the end that is asked for a later day, None where none is.
    """

    status: Status
    ending: Case | WhyNot
    scheduled: Scheduled | None = None


def standing(
    *, expires_on: date, on: date, reactivation_days: int, ended: Ended | None, ends_on: date | None = None
) -> Standing:
    """Decide by the facts, never by the stored status.

    *Units*: `expires_on` is the last usable day; expired for more than `reactivation_days` is case 2. `ends_on` is
    the day of an open request to end it.
    """
    if ended:
        return Standing("terminated", ended)
    scheduled = Scheduled(ends_on, has_come=ends_on <= on, is_over=ends_on < on) if ends_on else None
    if on <= expires_on:
        return Standing("active", "customer_request", scheduled)
    if (on - expires_on).days > reactivation_days:
        return Standing("expired", "expired", scheduled)
    first = days.add_days(expires_on, reactivation_days + 1)
    return Standing("expired", NotYet(expires_on, terminable_from=first), scheduled)


def is_held_back(
    *,
    auto_renew: bool,
    is_trial: bool,
    is_organisation_active: bool,
    is_milestone: bool,
    is_made_here: bool,
    has_external_charge: bool,
    was_refused: bool,
) -> bool:
    """Tell whether the clean-up leaves what expired alone, because it may only have missed its renewal.

    It had to be renewed, could be, and nothing here tells whether it was. A refusal after its last cycle does,
    where renewals are made here and that cycle was not charged elsewhere. The clean-up asks the same in SQL.
    Source: domain.md 2.
    """
    is_possible = auto_renew and is_organisation_active and not is_trial and not is_milestone
    return is_possible and not (was_refused and is_made_here and not has_external_charge)
