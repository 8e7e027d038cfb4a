"""Say in literals what every refund method gives back."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from portal.lib import money
from subscriptions import policies
from subscriptions.policies import SubscriptionFacts
from tests.subscriptions.policies.facts import D, charge, cycle, facts, only_line, refund


@pytest.mark.parametrize(
    ("first_day", "months", "charged", "on", "expected", "reason"),
    [
        (date(2024, 6, 12), 2, "100", date(2024, 6, 25), "100.00", "within_window"),
        (date(2024, 6, 12), 2, "100", date(2024, 6, 26), "100.00", "within_window"),
        (date(2024, 6, 12), 2, "100", date(2024, 6, 27), "50.00", "remaining"),
        (date(2024, 6, 12), 2, "100", date(2024, 6, 30), "50.00", "remaining"),
        (date(2024, 6, 12), 2, "100", date(2024, 7, 11), "50.00", "remaining"),
        (date(2024, 6, 12), 2, "100", date(2024, 7, 12), "0.00", "used_up"),
        (date(2024, 6, 12), 2, "100", date(2024, 8, 11), "0.00", "used_up"),
        (date(2024, 6, 12), 2, "100", date(2024, 8, 12), "0.00", "over"),
        (date(2024, 6, 12), 2, "100", date(2024, 6, 11), "100.00", "not_begun"),
        (date(2020, 11, 15), 1, "50", date(2020, 11, 26), "50.00", "within_window"),
        (date(2020, 11, 15), 1, "50", date(2020, 12, 10), "0.00", "used_up"),
        (date(2021, 4, 1), 12, "600", date(2021, 4, 12), "600.00", "within_window"),
        (date(2021, 4, 1), 12, "600", date(2021, 4, 17), "550.00", "remaining"),
        (date(2023, 5, 1), 12, "600", date(2023, 5, 2), "600.00", "within_window"),
        (date(2023, 5, 1), 12, "600", date(2023, 5, 28), "550.00", "remaining"),
    ],
)
def test_remaining_months_gives_back_the_months_not_begun(first_day, months, charged, on, expected, reason):
    line = only_line(facts(cycle(first_day, months, charge(charged))), on)
    assert (str(line.refund), line.reason) == (expected, reason)


def test_a_running_cycle_and_one_in_advance():
    subscription = facts(
        cycle(date(2025, 11, 16), 1, charge("50", line_id=1), cycle_id=1),
        cycle(date(2025, 12, 16), 1, charge("50", line_id=2), cycle_id=2),
    )
    found = refund(subscription, date(2025, 12, 7))
    assert [(line.refund, line.reason) for line in found.lines] == [(D("0"), "used_up"), (D("50"), "not_begun")]
    assert (found.refunds, found.fee, found.total) == (D("50"), D("0"), D("50"))


def test_net_and_tax_are_shared_out_and_rounded_apart():
    line = only_line(facts(cycle(date(2025, 1, 1), 3, charge("10.00", "1.00"))), date(2025, 1, 20))
    assert (str(line.net), str(line.tax), str(line.refund)) == ("6.67", "0.67", "7.34")


@pytest.mark.parametrize(
    ("window", "on", "expected"),
    [
        (14, date(2025, 1, 15), "within_window"),
        (14, date(2025, 1, 16), "remaining"),
        (0, date(2025, 1, 1), "within_window"),
        (0, date(2025, 1, 2), "remaining"),
        (None, date(2025, 1, 1), "remaining"),
        (None, date(2024, 12, 31), "not_begun"),
        (400, date(2025, 2, 28), "within_window"),
        (400, date(2025, 3, 1), "over"),
    ],
)
def test_the_window_counts_from_the_first_day_of_the_cycle(window, on, expected):
    subscription = facts(cycle(date(2025, 1, 1), 2, charge("60")))
    line = only_line(subscription, on, full_refund_days=window)
    assert line.reason == expected
    assert line.refund == {"within_window": 60, "not_begun": 60, "remaining": 30, "over": 0}[expected]


@pytest.mark.parametrize(
    ("anchor", "first_day", "months", "on", "expected"),
    [
        (31, date(2025, 1, 31), 3, date(2025, 2, 27), "40.00"),
        (31, date(2025, 1, 31), 3, date(2025, 2, 28), "20.00"),
        (31, date(2025, 1, 31), 3, date(2025, 3, 30), "20.00"),
        (31, date(2025, 1, 31), 3, date(2025, 3, 31), "0.00"),
        (31, date(2025, 2, 28), 2, date(2025, 3, 30), "30.00"),
        (31, date(2025, 2, 28), 2, date(2025, 3, 31), "0.00"),
        (30, date(2024, 1, 30), 2, date(2024, 2, 28), "30.00"),
        (30, date(2024, 1, 30), 2, date(2024, 2, 29), "0.00"),
        (29, date(2024, 1, 29), 2, date(2024, 2, 28), "30.00"),
        (29, date(2024, 1, 29), 2, date(2024, 2, 29), "0.00"),
        (29, date(2025, 1, 29), 2, date(2025, 2, 27), "30.00"),
        (29, date(2025, 1, 29), 2, date(2025, 2, 28), "0.00"),
        (29, date(2024, 2, 29), 12, date(2025, 1, 28), "5.00"),
        (29, date(2024, 2, 29), 12, date(2025, 1, 29), "0.00"),
    ],
)
def test_months_begin_on_the_anchor_or_the_last_day_of_a_shorter_month(anchor, first_day, months, on, expected):
    subscription = facts(cycle(first_day, months, charge("60"), anchor=anchor), anchor=anchor)
    assert str(only_line(subscription, on).refund) == expected


@pytest.mark.parametrize(
    ("currency", "net", "tax", "shares"),
    [
        ("JPY", "1000", "100", ("667", "67", "734")),
        ("JPY", "1", "1", ("1", "1", "2")),
        ("SGD", "0.01", "0.00", ("0.01", "0.00", "0.01")),
        ("SGD", "100.00", "9.00", ("66.67", "6.00", "72.67")),
        ("KWD", "1.000", "0.050", ("0.667", "0.033", "0.700")),
    ],
)
def test_shares_are_rounded_to_the_minor_unit_of_the_currency(currency, net, tax, shares):
    subscription = facts(cycle(date(2025, 1, 1), 3, charge(net, tax)), currency=currency)
    line = only_line(subscription, date(2025, 1, 20))
    assert (str(line.net), str(line.tax), str(line.refund)) == shares


def test_the_largest_amounts_are_shared_out_to_the_last_unit():
    subscription = facts(cycle(date(2025, 1, 1), 7, charge("999999999999.99", "89999999999.99")))
    line = only_line(subscription, date(2025, 2, 20))
    assert (str(line.net), str(line.tax)) == ("714285714285.71", "64285714285.71")


def test_the_word_is_that_of_the_cycle_whatever_its_charges_cover():
    late = charge("20", line_id=1, first_day=date(2025, 2, 1), day_after=date(2025, 3, 1))
    early = charge("20", line_id=2, first_day=date(2025, 1, 10), day_after=date(2025, 2, 1))
    assert only_line(facts(cycle(date(2025, 1, 1), 2, late)), date(2025, 2, 20)).reason == "used_up"
    assert only_line(facts(cycle(date(2025, 1, 1), 2, early)), date(2025, 1, 20)).reason == "remaining"


def test_half_a_unit_is_rounded_up():
    subscription = facts(cycle(date(2025, 1, 1), 2, charge("0.05", "0.01")))
    line = only_line(subscription, date(2025, 1, 20))
    assert (line.net, line.tax, line.refund) == (D("0.03"), D("0.01"), D("0.04"))


@pytest.mark.parametrize(
    ("on", "expected", "reason"),
    [
        (date(2025, 10, 31), "30.00", "not_begun"),
        (date(2025, 11, 15), "30.00", "within_window"),
        (date(2025, 11, 16), "14.00", "remaining"),
        (date(2025, 11, 29), "1.00", "remaining"),
        (date(2025, 11, 30), "0.00", "used_up"),
        (date(2025, 12, 1), "0.00", "over"),
    ],
)
def test_remaining_days_counts_the_day_itself_as_used(on, expected, reason):
    line = only_line(facts(cycle(date(2025, 11, 1), 1, charge("30"))), on, method="remaining_days")
    assert (str(line.refund), line.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("on", "expected", "reason"),
    [
        (date(2025, 10, 31), "30.00", "not_begun"),
        (date(2025, 11, 15), "30.00", "within_window"),
        (date(2025, 11, 16), "30.00", "remaining"),
        (date(2025, 11, 30), "30.00", "remaining"),
        (date(2025, 12, 1), "0.00", "over"),
    ],
)
def test_full_gives_everything_until_the_cycle_is_over(on, expected, reason):
    line = only_line(facts(cycle(date(2025, 11, 1), 1, charge("30"))), on, method="full")
    assert (str(line.refund), line.reason) == (expected, reason)


@pytest.mark.parametrize("on", [date(2025, 10, 31), date(2025, 11, 1), date(2025, 11, 30), date(2025, 12, 1)])
@pytest.mark.parametrize("billing_plan", [None, "as_incurred"])
def test_none_gives_nothing_and_says_so(on, billing_plan):
    subscription = facts(cycle(date(2025, 11, 1), 1, charge("30", paid="10")), billing_plan=billing_plan)
    line = only_line(subscription, on, method="none")
    assert (line.refund, line.waived, line.owed, line.reason) == (D("0"), D("0"), D("20"), "method_none")


@pytest.mark.parametrize("method", list(policies.METHODS))
@pytest.mark.parametrize("on", [date(2025, 10, 31), date(2025, 11, 5), date(2025, 11, 20), date(2025, 12, 20)])
@pytest.mark.parametrize(
    ("is_expired_case", "is_trial", "is_external", "billing_plan", "reason"),
    [
        (True, False, False, None, "expired"),
        (True, True, True, "milestone", "expired"),
        (False, True, False, None, "trial"),
        (False, True, True, "milestone", "trial"),
        (False, True, False, "as_incurred", "trial"),
        (False, False, True, None, "external_invoice"),
        (False, False, True, "milestone", "external_invoice"),
        (False, False, True, "as_incurred", "external_invoice"),
        (False, False, False, "milestone", "milestone"),
    ],
)
def test_what_rules_a_refund_out_comes_before_every_method(
    method, on, is_expired_case, is_trial, is_external, billing_plan, reason
):
    subscription = facts(
        cycle(date(2025, 11, 1), 1, charge("30", paid="10"), is_external=is_external),
        is_trial=is_trial,
        billing_plan=billing_plan,
    )
    line = only_line(subscription, on, method=method, is_expired_case=is_expired_case)
    assert (line.refund, line.waived, line.owed, line.reason) == (D("0"), D("0"), D("20"), reason)


@pytest.mark.parametrize("method", ["remaining_months", "remaining_days", "full"])
@pytest.mark.parametrize(
    ("on", "expected", "reason"),
    [
        (date(2025, 10, 31), "30.00", "not_begun"),
        (date(2025, 11, 15), "30.00", "within_window"),
        (date(2025, 11, 16), "0.00", "contract_late"),
        (date(2025, 12, 20), "0.00", "contract_late"),
        (date(2026, 1, 1), "0.00", "contract_late"),
    ],
)
def test_an_as_incurred_contract_gives_all_or_nothing(method, on, expected, reason):
    subscription = facts(cycle(date(2025, 11, 1), 2, charge("30")), billing_plan="as_incurred")
    line = only_line(subscription, on, method=method)
    assert (str(line.refund), line.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("fee", "paid", "expected_fee", "total"),
    [
        (None, "50", "0.00", "50.00"),
        ("21.40", "50", "21.40", "28.60"),
        ("21.40", "20", "20.00", "0.00"),
        ("21.40", "0", "0.00", "0.00"),
        ("0", "50", "0.00", "50.00"),
    ],
)
def test_the_fee_never_exceeds_what_comes_back(fee, paid, expected_fee, total):
    found = refund(facts(cycle(date(2025, 1, 1), 1, charge("50", paid=paid))), date(2025, 1, 5), fee=fee and D(fee))
    assert (str(found.fee), str(found.total)) == (expected_fee, total)
    assert found.left == 50


def test_the_fee_is_taken_once_from_the_sum():
    subscription = facts(
        cycle(date(2025, 1, 1), 1, charge("50", line_id=1), cycle_id=1),
        cycle(date(2025, 2, 1), 1, charge("50", line_id=2), cycle_id=2),
    )
    found = refund(subscription, date(2025, 1, 5), fee=D("60"))
    assert (found.refunds, found.fee, found.total) == (D("100"), D("60"), D("40"))


def test_lines_stand_by_first_day_and_cycles_may_leave_months_out():
    subscription = facts(
        cycle(date(2025, 5, 1), 1, charge("50", line_id=3), cycle_id=1),
        cycle(date(2025, 1, 1), 1, charge("50", line_id=1), cycle_id=2),
        cycle(date(2025, 2, 1), 1, charge("50", line_id=2), cycle_id=3),
    )
    found = refund(subscription, date(2025, 4, 10))
    assert [(line.first_day.month, line.reason) for line in found.lines] == [
        (1, "over"),
        (2, "over"),
        (5, "not_begun"),
    ]


def test_without_cycles_nothing_comes_back():
    found = refund(SubscriptionFacts("SGD", 1, False, None, ()), date(2025, 1, 1), fee=D("21.40"))
    assert (found.lines, str(found.fee), str(found.total), found.waived, found.left) == ((), "0.00", "0.00", 0, 0)


def test_an_unknown_method_is_refused_even_where_nothing_could_come_back():
    with pytest.raises(policies.UnknownMethod, match='no refund method "generous"; there are remaining_months'):
        refund(SubscriptionFacts("SGD", 1, True, None, ()), date(2025, 1, 1), method="generous")


def test_an_unknown_currency_is_refused():
    with pytest.raises(money.UnknownCurrency):
        refund(SubscriptionFacts("XXX", 1, False, None, ()), date(2025, 1, 1))


def test_a_method_is_one_function(monkeypatch):
    def half(asked):
        return policies.Share(policies.methods.ALL / 2, "half")

    monkeypatch.setitem(policies.METHODS, "half", half)
    line = only_line(facts(cycle(date(2025, 1, 1), 1, charge("50"))), date(2025, 3, 1), method="half")
    assert (line.refund, line.reason) == (D("25"), "half")


def test_cycles_at_the_end_of_the_calendar_are_computed():
    subscription = facts(cycle(date(9999, 1, 1), 11, charge("110")))
    assert refund(subscription, date(9999, 3, 1)).total == 80
    assert refund(subscription, date(9999, 12, 31)).total == 0


def test_policies_know_no_django():
    program = "import sys, subscriptions.policies; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3]).returncode == 0
