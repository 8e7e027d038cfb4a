"""Count days and months the way a subscription does.

Stretches of days are half-open inside (`first_day`, `day_after`) and shown with both ends inclusive;
`Span` is the one place that turns the one into the other.

A month runs from one month boundary to the day before the next. Boundaries fall on the anchor day, or on
the last day of a month that is too short for it, and are always counted from the anchor again: with anchor
31 they are 31 January, 28 February, 31 March.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from portal.lib import text as text_lib

# Written out, because strftime would follow the locale of the machine.
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

EXPECTED = "a date as year-month-day, such as 2026-03-07"
"""How a day is written, as it goes on after "expected"."""

# Python also reads weeks and days of the year.
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# Names that the zone database carries for its own use and that say nothing about a place.
_NOT_A_PLACE = frozenset({"Factory", "localtime", "posixrules"})


class DayOutOfRange(ValueError):
    """Say that a day would fall outside the calendar, which ends on 31 December 9999."""

    def __init__(self) -> None:
        super().__init__("The date lies outside the calendar, which ends on 31 December 9999.")


class EmptySpan(ValueError):
    """Say that a stretch of days holds no day."""


class UnknownTimezone(ValueError):
    """Say that a name is no IANA time zone."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"“{name}” is not an IANA time zone such as Asia/Singapore.")


class NotADay(ValueError):
    """Say that a text is no day."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"“{text_lib.shown(text)}” is not a date; expected {EXPECTED}.")


@dataclass(frozen=True, order=True)
class Span:
    """Hold at least one day, half-open.

    *Raises* `EmptySpan` where `day_after` is not later than `first_day`.
    """

    first_day: date
    day_after: date

    def __post_init__(self) -> None:
        if self.day_after <= self.first_day:
            raise EmptySpan(f"{self.first_day} to before {self.day_after} holds no day.")

    @classmethod
    def inclusive(cls, first_day: date, last_day: date) -> Span:
        """Make the span whose two ends both belong to it.

        *Raises* `DayOutOfRange` for a last day of 31 December 9999, `EmptySpan` for ends in the wrong order.
        """
        return cls(first_day, add_days(last_day, 1))

    @property
    def last_day(self) -> date:
        """Give the last day that belongs to the span."""
        return self.day_after - timedelta(days=1)

    @property
    def days(self) -> int:
        """Count its days."""
        return (self.day_after - self.first_day).days

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first_day <= day < self.day_after


def read(text: str) -> date:
    """Read a day as YYYY-MM-DD, the one way it is written in files and commands.

    *Raises* `NotADay`.
    """
    try:
        if not _WRITTEN.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise NotADay(text) from None


def add_days(day: date, count: int) -> date:
    """Give the day `count` days later (earlier when negative).

    *Raises* `DayOutOfRange`.
    """
    try:
        return day + timedelta(days=count)
    except OverflowError:
        raise DayOutOfRange from None


def add_months(start: date, months: int, *, anchor: int) -> date:
    """Give the month boundary `months` months after (before when negative) that of `start`'s calendar month.

    *Units*: `anchor` is a day of the month, 1 to 31. Only year and month of `start` count.
    *Raises* `DayOutOfRange`.
    """
    return _boundary(start.year * 12 + start.month - 1 + months, anchor=anchor)


def month_around(day: date, *, anchor: int) -> Span:
    """Give the month, counted from the anchor, that `day` belongs to.

    *Raises* `DayOutOfRange` where it is cut off by an end of the calendar.
    """
    number = _month_number(day, anchor=anchor)
    return Span(_boundary(number, anchor=anchor), _boundary(number + 1, anchor=anchor))


def months_of(span: Span, *, anchor: int) -> int:
    """Count the months a span touches; the part of a month counts as one."""
    return _month_number(span.last_day, anchor=anchor) - _month_number(span.first_day, anchor=anchor) + 1


def months_not_begun(span: Span, *, on: date, anchor: int) -> int:
    """Count the months of a span that begin after `on`; its first one begins on its first day."""
    if on < span.first_day:
        return months_of(span, anchor=anchor)
    return max(0, _month_number(span.last_day, anchor=anchor) - _month_number(on, anchor=anchor))


def days_after(span: Span, *, on: date) -> int:
    """Count the days of a span that come after `on`, which itself counts as used."""
    if on < span.first_day:
        return span.days
    return max(0, (span.day_after - on).days - 1)


def today_in(timezone: str, *, at: datetime) -> date:
    """Give the date on the wall of `timezone` at an instant.

    *Raises* `UnknownTimezone`; `ValueError` for an instant without a time zone of its own.
    """
    return wall_clock(timezone, at=at).date()


def earliest_today(*, at: datetime) -> date:
    """Give the date that it is somewhere already at an instant: in no zone a later one has begun.

    *Raises*: `ValueError` for an instant without a time zone of its own.
    """
    return today_in("Pacific/Kiritimati", at=at)


def wall_clock(timezone: str, *, at: datetime) -> datetime:
    """Give an instant as the clock on the wall of `timezone` shows it.

    *Raises* `UnknownTimezone`; `ValueError` for an instant without a time zone of its own.
    """
    if at.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    if not is_timezone(timezone):
        raise UnknownTimezone(timezone)
    return at.astimezone(_zone(timezone))


@cache
def _zone(name: str) -> ZoneInfo:
    # Python keeps the last eight zones alone: a page of customers from all over the world read 37 files.
    return ZoneInfo(name)


def is_timezone(name: str) -> bool:
    """Tell whether `name` is an IANA time zone, letter for letter."""
    return name in _timezones()


def display(day: date) -> str:
    """Write a day for people: 7 March 2026."""
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}"


def display_range(span: Span) -> str:
    """Write a span for people, both ends inclusive: 16 November 2025 to 15 December 2025."""
    if span.days == 1:
        return display(span.first_day)
    return f"{display(span.first_day)} to {display(span.last_day)}"


def moment(at: datetime) -> str:
    """Write an instant for people, in the zone it carries: 7 March 2026, 09:15 UTC.

    *Raises*: `ValueError` for an instant without a time zone.
    """
    if at.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    return f"{display(at.date())}, {at:%H:%M} {at.tzinfo}"


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_A_PLACE


def _boundary_day(year: int, month: int, *, anchor: int) -> int:
    if not 1 <= anchor <= 31:
        raise ValueError("An anchor day is a day of the month, 1 to 31.")
    return min(anchor, monthrange(year, month)[1])


def _boundary(number: int, *, anchor: int) -> date:
    year, month = divmod(number, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise DayOutOfRange
    return date(year, month + 1, _boundary_day(year, month + 1, anchor=anchor))


def _month_number(day: date, *, anchor: int) -> int:
    """Number the month `day` belongs to: twelve a year, each counted by the calendar month it begins in."""
    number = day.year * 12 + day.month - 1
    return number if day.day >= _boundary_day(day.year, day.month, anchor=anchor) else number - 1
