"""On which days a subscription renews: its own, those of its organisation's zone, and no later than its end."""

import datetime as dt

import pytest

from subscriptions.models import Cycle
from subscriptions.requests import operations as requests
from tests.subscriptions.life.nights import due, last_cycle, organisation, renew, why
from tests.support import scheduled
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _here(configure):
    configure(renewals_are_made_here=True)


@pytest.mark.parametrize(
    ("first_day", "is_renewed"),
    [
        ("2026-02-17", True),  # expires on 16 March, renews from the 9th
        ("2026-02-18", True),  # from the 10th, which is today
        ("2026-02-19", False),  # from the 11th
        ("2026-01-11", True),  # expired on 10 February, 28 days ago
        ("2026-01-10", False),  # 29 days ago
    ],
)
def test_from_seven_days_before_expiry_until_the_reactivation_days_are_over(now, first_day, is_renewed):
    made = due(cycles=(C(first_day),))
    renew(now)
    assert (Cycle.objects.filter(subscription=made).count() > 1) == is_renewed


def test_late_it_catches_up_cycle_by_cycle(now):
    # Expired on 10 February: the next cycle ends on 10 March, today, and is due as well.
    made = due(cycles=(C("2026-01-11"),))
    counts = renew(now)
    assert (counts.renewed, counts.documents) == (2, 2)
    assert last_cycle(made).day_after == dt.date(2026, 4, 11)


@pytest.mark.parametrize(
    ("first_day", "ends_on", "is_renewed"),
    [
        ("2026-02-15", dt.date(2026, 3, 14), False),  # the last day of the last cycle
        ("2026-02-15", dt.date(2026, 3, 15), True),
        # Expired on 4 March: the day asked for has come, so nothing else is done before it is carried out.
        ("2026-02-05", dt.date(2026, 3, 10), False),
        ("2026-02-05", dt.date(2026, 3, 11), True),
    ],
)
def test_nothing_renews_past_the_day_of_a_scheduled_end(now, agent, first_day, ends_on, is_renewed):
    made = due(cycles=(C(first_day),))
    asked = scheduled.request(made, ends_on=ends_on, asked_at=dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC))
    renew(now)
    assert (Cycle.objects.filter(subscription=made).count() == 2) == is_renewed
    assert why(made) == []
    if not is_renewed:
        requests.withdraw(
            subscription_uuid=made.uuid, request_uuid=asked.uuid, reason="They stay.", by=agent, at=now
        )
        assert renew(now).renewed == 1


def test_each_zone_has_its_own_today(now):
    """It is 10 March in Singapore and still 9 March in Honolulu at 09:00 UTC."""
    singapore = due(cycles=(C("2026-02-18"),))
    honolulu = due(organisation(timezone="Pacific/Honolulu"), cycles=(C("2026-02-18"),))
    renew(now)
    assert (
        Cycle.objects.filter(subscription=singapore).count(),
        Cycle.objects.filter(subscription=honolulu).count(),
    ) == (
        2,
        1,
    )
