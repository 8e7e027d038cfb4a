"""Cycles that a later import brings of a subscription whose expiry date is known."""

import datetime as dt

import pytest

from portal import verification
from subscriptions.models import Subscription
from tests.support.directory import NOW, S2, row_counts

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.django_db]

LONG = dt.date(2027, 3, 31)


def before_first(directory):
    directory.set("subscriptions", 3, "expires_on", LONG.isoformat())


@pytest.fixture
def expires_later(directory):
    """A subscription that came without cycles and is usable for long."""
    before_first(directory)
    return Subscription.objects.get(uuid=S2)


@pytest.mark.parametrize(
    ("cycles", "last_day"),
    [
        (["2026-02-01,1"], "2026-02-28"),
        (["2026-03-01,1", "2026-02-01,1"], "2026-03-31"),
        (["2026-02-01,13"], "2027-02-28"),
    ],
)
@pytest.mark.parametrize("is_repeated", [True, False])
def test_no_cycle_makes_a_known_subscription_end_sooner(
    directory, imported, expires_later, cycles, last_day, is_repeated
):
    before = row_counts()
    directory.add("cycles", *(f"{S2},{cycle},900,0,0,TIN-8,,," for cycle in cycles))
    if is_repeated:
        place = "subscriptions.csv:3: expires_on"
        with_it = "line 5 of cycles.csv"
    else:
        place, with_it = "cycles.csv:5: starts_on", "this line"
        del directory.files["subscriptions"]
    status, out, err = imported(directory.write())
    assert (status, out) == (1, [])
    assert err == [
        f"{place}: the subscription expires on 2027-03-31, but with {with_it} its cycles end on {last_day}, "
        "expected 2027-03-31 or later"
    ]
    assert row_counts() == before
    expires_later.refresh_from_db()
    assert (expires_later.expires_on, expires_later.status) == (LONG, "active")


@pytest.mark.parametrize(
    ("cycles", "expires_on"),
    [
        (["2026-02-01,14"], LONG),
        (["2027-03-01,1", "2026-02-01,1"], LONG),
        (["2026-02-01,15"], dt.date(2027, 4, 30)),
        (["2027-04-01,1"], dt.date(2027, 4, 30)),
    ],
)
def test_cycles_that_reach_the_expiry_date_are_taken(directory, imported, expires_later, cycles, expires_on):
    directory.add("cycles", *(f"{S2},{cycle},900,0,0,TIN-8,,," for cycle in cycles))
    assert imported(directory.write())[::2] == (0, [])
    expires_later.refresh_from_db()
    assert (expires_later.expires_on, expires_later.status) == (expires_on, "active")
    # Its cycles say so from now on, and one before the last day changes nothing.
    directory.add("cycles", f"{S2},2028-02-01,1,900,0,0,TIN-9,,,")
    assert imported(directory.write())[::2] == (0, [])
    directory.add("cycles", f"{S2},2027-11-01,1,900,0,0,TIN-9,,,")
    assert imported(directory.write())[::2] == (0, [])
    expires_later.refresh_from_db()
    assert expires_later.expires_on == dt.date(2028, 2, 29)
    assert not [fault for fault in verification.faults(at=NOW) if fault.kind == "expiry"]


def test_a_cycle_that_cannot_be_read_says_nothing_of_the_expiry(directory, imported, expires_later):
    directory.add("cycles", f"{S2},2026-02-01,1,900,0,0,TIN-8,,,", f"{S2},2026-03-01,x,900,0,0,TIN-8,,,")
    assert [line.split(": ")[:2] for line in imported(directory.write())[2]] == [["cycles.csv:6", "months"]]
