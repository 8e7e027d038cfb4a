"""When a subscription renews, why it does not, and which of an organisation's sums its credits pay."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import days
from subscriptions.policies import renewals
from subscriptions.policies.next_cycle import NoTaxRate

EXPIRES = date(2026, 12, 15)
FACTS = renewals.Facts(
    currency="SGD",
    expires_on=EXPIRES,
    auto_renew=True,
    is_terminated=False,
    is_made_here=True,
    is_organisation_active=True,
    is_trial=False,
    billing_plan=None,
    contract_ends_on=None,
    has_external_charge=False,
    requested_end=None,
    was_tried_in_time=False,
    next_cycle=days.Span.inclusive(date(2026, 12, 16), date(2027, 1, 15)),
)


def why_not(on=EXPIRES, **facts):
    return renewals.why_not(replace(FACTS, **facts), on=on, reactivation_days=28)


@pytest.mark.parametrize(
    ("on", "why"),
    [
        (date(2026, 12, 7), renewals.NotDueYet(date(2026, 12, 8))),
        (date(2026, 12, 8), None),
        (date(2026, 12, 15), None),
        (date(2026, 12, 16), None),
        (date(2027, 1, 12), None),
        (date(2027, 1, 13), renewals.TooLate(EXPIRES, was_tried=False)),
    ],
)
def test_it_renews_from_seven_days_before_expiry_and_untried_within_the_reactivation_days(on, why):
    assert why_not(on) == why


@pytest.mark.parametrize(
    ("on", "why"),
    [(date(2026, 12, 15), None), (date(2026, 12, 16), renewals.TooLate(EXPIRES, was_tried=True))],
)
def test_what_was_refused_in_time_is_not_tried_after_it_expired(on, why):
    assert why_not(on, was_tried_in_time=True) == why


def test_from_the_day_of_a_requested_end_on_nothing_renews():
    asked = EXPIRES + timedelta(days=3)
    assert why_not(asked - timedelta(days=1), requested_end=asked) is None
    for late in (0, 1):
        assert why_not(asked + timedelta(days=late), requested_end=asked) == renewals.EndRequested(asked)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"is_terminated": True}, renewals.HasEnded()),
        ({"is_made_here": False}, renewals.MadeElsewhere()),
        ({"is_trial": True}, renewals.IsTrial()),
        ({"billing_plan": "milestone"}, renewals.UnderMilestoneContract()),
        ({"auto_renew": False}, renewals.AutoRenewalOff()),
        ({"has_external_charge": True}, renewals.ChargedElsewhere()),
        ({"requested_end": EXPIRES}, renewals.EndRequested(EXPIRES)),
        ({"requested_end": EXPIRES + timedelta(days=1)}, None),
        ({"is_organisation_active": False}, renewals.OrganisationSuspended()),
        ({"next_cycle": None}, renewals.NoCycleKnown()),
        ({"currency": "XTS"}, renewals.UnknownCurrency("XTS")),
        ({"billing_plan": "as_incurred", "contract_ends_on": date(2027, 1, 15)}, None),
        (
            {"billing_plan": "as_incurred", "contract_ends_on": date(2027, 1, 14)},
            renewals.PassesItsContract(date(2027, 1, 14), last_day=date(2027, 1, 15)),
        ),
    ],
)
def test_why_it_does_not_renew(facts, why):
    assert why_not(**facts) == why


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (renewals.NotDueYet(date(2026, 12, 8)), "It renews from 8 December 2026."),
        (renewals.TooLate(EXPIRES, was_tried=False), "It expired on 15 December 2026, too long ago."),
        (
            renewals.TooLate(EXPIRES, was_tried=True),
            "It expired on 15 December 2026, and its renewal was refused until then.",
        ),
        (
            renewals.PassesItsContract(date(2027, 1, 14), last_day=date(2027, 1, 15)),
            "The next cycle would end on 15 January 2027, after its contract, which ends on 14 January 2027.",
        ),
        (NoTaxRate("SG", EXPIRES), "There is no tax rate of SG on 15 December 2026. Enter it in Portal Settings."),
        (renewals.EndRequested(EXPIRES), "Its end is requested for 15 December 2026. Withdraw the request first."),
    ],
)
def test_what_the_reasons_say(why, said):
    assert renewals.why_not_renewed(why) == said


def test_each_date_is_paid_whole_or_not_at_all_and_earlier_ones_come_first():
    def paid(*needed, available):
        return renewals.paid_for([Decimal(amount) for amount in needed], available=Decimal(available))

    assert paid("54.00", available="54.00") == (True,)
    assert paid("54.00", available="53.999999") == (False,)
    # A date that is refused takes nothing from those after it.
    assert paid("60", "30", "30", available="59") == (False, True, False)
    assert paid("0", "0.01", available="-5") == (True, False)


@given(st.lists(st.integers(0, 100), max_size=6), st.integers(-50, 300))
def test_what_is_paid_is_covered_and_what_is_not_would_not_have_been(needed, available):
    answers = renewals.paid_for([Decimal(amount) for amount in needed], available=Decimal(available))
    left = available
    for amount, is_paid in zip(needed, answers, strict=True):
        assert is_paid == (amount == 0 or left - amount >= 0)
        left -= amount if is_paid else 0
