from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import days
from portal.lib.days import Span

ANCHORS = st.integers(1, 31)
DAYS = st.dates(date(1990, 1, 1), date(2110, 12, 31))


def test_months_of_anchor_31_begin_on_the_last_days_of_shorter_months():
    starts = [days.add_months(date(2023, 12, 31), months, anchor=31) for months in range(1, 6)]
    assert starts == [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31)]


@pytest.mark.parametrize(
    ("start", "months", "anchor", "end"),
    [
        (date(2025, 2, 28), 1, 31, date(2025, 3, 31)),
        (date(2025, 2, 28), 1, 28, date(2025, 3, 28)),
        (date(2025, 2, 28), 12, 29, date(2026, 2, 28)),
        (date(2023, 2, 28), 12, 29, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, 30, date(2025, 2, 28)),
        (date(2024, 11, 16), 1, 16, date(2024, 12, 16)),
        (date(2024, 12, 16), 1, 16, date(2025, 1, 16)),
        (date(2025, 3, 31), -1, 31, date(2025, 2, 28)),
        (date(2025, 1, 30), 0, 30, date(2025, 1, 30)),
        (date(2000, 1, 1), 1200, 1, date(2100, 1, 1)),
    ],
)
def test_months_are_counted_from_the_anchor(start, months, anchor, end):
    assert days.add_months(start, months, anchor=anchor) == end


def test_a_span_is_half_open_inside_and_inclusive_outside():
    span = Span(date(2025, 11, 16), date(2025, 12, 16))
    assert span.last_day == date(2025, 12, 15)
    assert span.days == 30
    assert Span.inclusive(date(2025, 11, 16), date(2025, 12, 15)) == span
    assert date(2025, 12, 15) in span
    assert date(2025, 12, 16) not in span


def test_a_span_holds_a_day():
    with pytest.raises(days.EmptySpan):
        Span(date(2025, 1, 1), date(2025, 1, 1))
    with pytest.raises(days.EmptySpan):
        Span.inclusive(date(2025, 1, 2), date(2025, 1, 1))


@pytest.mark.parametrize("anchor", [0, 32, -1])
def test_an_anchor_is_a_day_of_a_month(anchor):
    with pytest.raises(ValueError, match="1 to 31"):
        days.add_months(date(2025, 1, 1), 1, anchor=anchor)


@pytest.mark.parametrize(
    "beyond",
    [
        lambda: days.add_months(date(9999, 12, 1), 1, anchor=1),
        lambda: days.add_months(date(2025, 1, 1), 10**30, anchor=1),
        lambda: days.add_months(date(1, 1, 1), -1, anchor=1),
        lambda: days.add_days(date(9999, 12, 31), 1),
        lambda: days.add_days(date(2025, 1, 1), 10**30),
        lambda: days.add_days(date(1, 1, 1), -1),
        lambda: Span.inclusive(date(9999, 12, 31), date(9999, 12, 31)),
        lambda: days.month_around(date(9999, 12, 31), anchor=1),
        lambda: days.month_around(date(1, 1, 1), anchor=2),
    ],
)
def test_the_end_of_the_calendar_is_a_clear_error(beyond):
    with pytest.raises(days.DayOutOfRange, match="9999"):
        beyond()


@pytest.mark.parametrize(
    ("day", "anchor", "is_anchor"),
    [
        (date(2025, 2, 28), 31, True),
        (date(2025, 2, 28), 29, True),
        (date(2024, 2, 28), 29, False),
        (date(2024, 2, 29), 29, True),
        (date(2024, 2, 29), 31, True),
        (date(2025, 4, 30), 31, True),
        (date(2025, 3, 30), 31, False),
        (date(2025, 3, 16), 16, True),
        (date(2025, 3, 15), 16, False),
    ],
)
def test_knows_the_days_on_which_months_begin(day, anchor, is_anchor):
    assert (days.month_around(day, anchor=anchor).first_day == day) is is_anchor


@given(day=DAYS, anchor=ANCHORS)
def test_every_day_is_in_the_month_around_it(day, anchor):
    month = days.month_around(day, anchor=anchor)
    assert day in month
    assert days.add_months(month.first_day, 0, anchor=anchor) == month.first_day
    assert days.add_months(month.first_day, 1, anchor=anchor) == month.day_after
    assert {days.month_around(month.first_day + timedelta(n), anchor=anchor) for n in range(month.days)} == {month}


@given(day=DAYS, anchor=ANCHORS, months=st.integers(1, 40))
def test_months_of_a_cycle_are_counted_and_end_one_by_one(day, anchor, months):
    first_day = days.month_around(day, anchor=anchor).first_day
    *starts, day_after = (days.add_months(first_day, number, anchor=anchor) for number in range(months + 1))
    span = Span(first_day, day_after)
    assert days.months_of(span, anchor=anchor) == months
    assert starts[0] == first_day
    assert starts == sorted(set(starts))
    assert days.months_not_begun(span, on=first_day - timedelta(1), anchor=anchor) == months
    for index, start in enumerate(starts):
        assert days.months_not_begun(span, on=start, anchor=anchor) == months - index - 1
    assert days.months_not_begun(span, on=span.last_day, anchor=anchor) == 0
    assert days.months_not_begun(span, on=span.day_after, anchor=anchor) == 0


def test_a_span_that_begins_within_a_month_counts_that_month():
    span = Span(date(2025, 11, 25), date(2026, 1, 16))
    assert days.months_of(span, anchor=16) == 2
    assert days.months_not_begun(span, on=date(2025, 11, 24), anchor=16) == 2
    assert days.months_not_begun(span, on=date(2025, 11, 25), anchor=16) == 1


def test_days_after_a_day_leave_that_day_out():
    span = Span(date(2025, 11, 16), date(2025, 12, 16))
    counted = [
        days.days_after(span, on=date(2025, month, day))
        for month, day in [(11, 1), (11, 15), (11, 16), (12, 14), (12, 15), (12, 16)]
    ]
    assert counted == [30, 30, 29, 1, 0, 0]


def test_days_after_the_last_day_of_the_calendar_are_none():
    assert days.days_after(Span(date(9999, 1, 1), date(9999, 2, 1)), on=date(9999, 12, 31)) == 0


@pytest.mark.parametrize(
    ("timezone", "today"),
    [
        ("UTC", date(2026, 3, 7)),
        ("Asia/Singapore", date(2026, 3, 7)),
        ("Etc/GMT+12", date(2026, 3, 6)),
        ("Pacific/Kiritimati", date(2026, 3, 8)),
    ],
)
def test_today_is_that_of_the_zone(timezone, today):
    assert days.today_in(timezone, at=datetime(2026, 3, 7, 11, 0, tzinfo=UTC)) == today


def test_today_refuses_unknown_zones_and_naive_instants():
    with pytest.raises(days.UnknownTimezone, match="Mars/Olympus"):
        days.today_in("Mars/Olympus", at=datetime(2026, 3, 7, tzinfo=UTC))
    with pytest.raises(ValueError, match="time zone"):
        days.today_in("UTC", at=datetime(2026, 3, 7))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    "name",
    [
        "",
        "mars",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "Factory",
        "asia/singapore",
        "UTC\0",
        "a" * 5000,
    ],
)
def test_what_is_no_zone_is_none(name):
    assert not days.is_timezone(name)


@pytest.mark.parametrize("name", ["UTC", "Asia/Singapore", "America/Argentina/Buenos_Aires", "Etc/GMT+12"])
def test_zones_are_zones(name):
    assert days.is_timezone(name)


def test_days_are_written_for_people():
    assert days.display(date(2026, 3, 7)) == "7 March 2026"
    assert days.display_range(Span(date(2025, 11, 16), date(2026, 1, 16))) == "16 November 2025 to 15 January 2026"
    assert days.display_range(Span(date(2025, 11, 16), date(2025, 11, 17))) == "16 November 2025"


def test_an_instant_is_written_in_the_zone_that_it_carries():
    at = datetime(2026, 3, 10, 16, 5, 59, tzinfo=UTC)
    assert days.moment(at) == "10 March 2026, 16:05 UTC"
    assert days.moment(at.astimezone(ZoneInfo("Asia/Singapore"))) == "11 March 2026, 00:05 Asia/Singapore"
    with pytest.raises(ValueError, match="needs a time zone"):
        days.moment(at.replace(tzinfo=None))


def test_spans_sort_by_first_day():
    early, late = Span(date(2025, 1, 1), date(2025, 3, 1)), Span(date(2025, 2, 1), date(2025, 2, 2))
    assert sorted([late, early]) == [early, late]
