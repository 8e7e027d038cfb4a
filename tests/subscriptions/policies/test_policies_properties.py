"""Hold the refund against its laws, and against a second way of computing it.

The second way walks through every day of a cycle, counts in whole minor units and knows neither fractions nor
month arithmetic, so that the two share no mistake.
"""

import random
from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from subscriptions import policies
from tests.support.strategies import DIGITS, ONE_DAY, POLICIES, SELDOM, begins_month, subscriptions


def units(amount, currency):
    return int(amount.scaleb(DIGITS[currency]))


def share_of(amount, part, whole):
    """Round amount x part / whole half up, in integers."""
    return (2 * amount * part + whole) // (2 * whole)


def second_way(facts, *, on, policy, is_expired_case):
    """Compute, cycle by cycle, (reason, waived, net, tax, refund, owed) in minor units, and fee and total.

    Of each charge (its word, months and those not begun, days and those left).
    """
    lines, told = [], {}
    for cycle in sorted(facts.cycles, key=lambda cycle: cycle.first_day):
        all_days, day = [], cycle.first_day
        while day != cycle.day_after:
            all_days.append(day)
            day += ONE_DAY
        ahead = [day for day in all_days if day > on]
        is_running = on in all_days
        is_fresh = (
            is_running and policy.full_refund_days is not None and all_days.index(on) <= policy.full_refund_days
        )

        def counted(days, *, months, on=on, anchor=facts.anchor):
            if months:
                days = [day for day in days if day == days[0] or begins_month(day, anchor)]
            return len([day for day in days if day > on]), len(days)

        def portion(days, counted=counted):
            return counted(days, months=policy.method == "remaining_months")

        def word(
            days,
            is_external,
            portion=portion,
            is_ahead=ahead == all_days,
            is_fresh=is_fresh,
            is_running=is_running,
        ):
            if is_expired_case:
                return "expired"
            if facts.is_trial:
                return "trial"
            if is_external:
                return "external_invoice"
            if facts.billing_plan == "milestone":
                return "milestone"
            if policy.method == "none":
                return "method_none"
            if is_ahead:
                return "not_begun"
            if is_fresh:
                return "within_window"
            if facts.billing_plan == "as_incurred":
                return "contract_late"
            if not is_running:
                return "over"
            return "remaining" if policy.method == "full" or portion(days)[0] else "used_up"

        live = [charge for charge in cycle.charges if charge.is_live]
        sums = [0] * 5
        for charge in live:
            covered = [day for day in all_days if charge.first_day <= day < charge.day_after]
            reason = word(covered, charge.is_external_invoice)
            months_left, months = counted(covered, months=True)
            days_left, days = counted(covered, months=False)
            told[charge.line_id] = (reason, months, months_left, days, days_left)
            if reason in ("not_begun", "within_window") or (reason == "remaining" and policy.method == "full"):
                part, whole = 1, 1
            elif reason in ("remaining", "used_up"):
                part, whole = portion(covered)
            else:
                part, whole = 0, 1
            net, tax, paid, credited, waived_before = (
                units(amount, facts.currency)
                for amount in (charge.net, charge.tax, charge.paid, charge.credited, charge.waived)
            )
            value_net = share_of(net, part, whole)
            value = value_net + share_of(tax, part, whole)
            unpaid = net + tax - paid - waived_before
            left = max(0, value - credited - waived_before)
            waived = min(left, unpaid)
            back = left - waived
            back_net = share_of(value_net, back, value) if value else 0
            for index, amount in enumerate((waived, back_net, back - back_net, back, unpaid - waived)):
                sums[index] += amount
        is_external = bool(live) and all(charge.is_external_invoice for charge in live)
        lines.append((word(all_days, is_external), *sums))
    refunds = sum(line[4] for line in lines)
    fee = 0 if policy.fee is None else min(units(policy.fee, facts.currency), refunds)
    return lines, fee, refunds - fee, told


def amounts_of(line):
    return [line.waived, line.net, line.tax, line.refund, line.owed]


@settings(max_examples=200, deadline=None)
@given(drawn=subscriptions(), policy=POLICIES, is_expired_case=SELDOM)
def test_both_ways_agree(drawn, policy, is_expired_case):
    facts, on = drawn
    found = policies.refund(facts, on=on, policy=policy, is_expired_case=is_expired_case)
    lines, fee, total, told = second_way(facts, on=on, policy=policy, is_expired_case=is_expired_case)
    assert [
        (line.reason, *(units(amount, facts.currency) for amount in amounts_of(line))) for line in found.lines
    ] == lines
    assert (units(found.fee, facts.currency), units(found.total, facts.currency)) == (fee, total)
    assert {
        charge.line_id: (charge.reason, charge.months, charge.months_left, charge.days, charge.days_left)
        for line in found.lines
        for charge in line.charges
    } == told


@settings(max_examples=100, deadline=None)
@given(drawn=subscriptions(), policy=POLICIES)
def test_the_caps_hold_for_each_charge(drawn, policy):
    facts, on = drawn
    given_charges = {charge.line_id: charge for cycle in facts.cycles for charge in cycle.charges}
    found = policies.refund(facts, on=on, policy=policy, is_expired_case=False)
    for charge in (charge for line in found.lines for charge in line.charges):
        before = given_charges[charge.line_id].waived
        for amount in (
            charge.value,
            charge.left,
            charge.waived,
            charge.net,
            charge.tax,
            charge.refund,
            charge.owed,
        ):
            assert amount >= 0
            assert amount.as_tuple().exponent == -DIGITS[facts.currency]
        assert charge.value <= charge.charged
        assert charge.net + charge.tax == charge.refund
        assert charge.waived + charge.refund == charge.left
        # Notes, earlier refunds, waivers and the refund together are the value, or what was given before.
        given_back = charge.credited + before + charge.waived + charge.refund
        assert given_back == max(charge.value, charge.credited + before)
        assert given_back <= charge.charged
        assert charge.refund <= max(Decimal(0), charge.paid - charge.credited)
        assert charge.paid + before + charge.waived + charge.owed == charge.charged
    assert 0 <= found.fee <= found.refunds
    assert found.total == found.refunds - found.fee
    assert found.left == found.waived + found.refunds


@settings(max_examples=60, deadline=None)
@given(drawn=subscriptions(with_notes=False, with_waivers=False), policy=POLICIES)
def test_an_uncut_refund_is_exactly_the_two_shares(drawn, policy):
    facts, on = drawn
    paid = tuple(
        replace(cycle, charges=tuple(replace(charge, paid=charge.net + charge.tax) for charge in cycle.charges))
        for cycle in facts.cycles
    )
    found = policies.refund(replace(facts, cycles=paid), on=on, policy=policy, is_expired_case=False)
    for line in found.lines:
        assert (line.waived, line.owed) == (0, 0)
        for charge in line.charges:
            assert charge.refund == charge.value
            if charge.reason in ("not_begun", "within_window"):
                assert charge.refund == charge.charged


@settings(max_examples=60, deadline=None)
@given(drawn=subscriptions(most_cycles=1), policy=POLICIES, data=st.data())
def test_it_never_grows_as_the_day_moves_on(drawn, policy, data):
    facts, _ = drawn
    (cycle,) = facts.cycles
    length = (cycle.day_after - cycle.first_day).days
    moves = sorted(data.draw(st.lists(st.integers(-2, length + 2), min_size=2, max_size=12)))
    before = None
    for move in moves:
        on = cycle.first_day + move * ONE_DAY
        found = policies.refund(facts, on=on, policy=policy, is_expired_case=False)
        now = (found.refunds, found.waived, found.total, found.left)
        if before:
            assert all(later <= earlier for later, earlier in zip(now, before, strict=True))
        before = now


@settings(max_examples=60, deadline=None)
@given(drawn=subscriptions(), policy=POLICIES, seed=st.integers(0, 1000))
def test_the_order_of_cycles_and_charges_does_not_matter(drawn, policy, seed):
    facts, on = drawn
    shuffle = random.Random(seed)
    cycles = [
        replace(cycle, charges=tuple(shuffle.sample(cycle.charges, len(cycle.charges)))) for cycle in facts.cycles
    ]
    shuffle.shuffle(cycles)
    mixed = replace(facts, cycles=tuple(cycles))
    found = policies.refund(facts, on=on, policy=policy, is_expired_case=False)
    assert policies.refund(mixed, on=on, policy=policy, is_expired_case=False) == found
    assert [line.first_day for line in found.lines] == sorted(cycle.first_day for cycle in facts.cycles)


@settings(max_examples=60, deadline=None)
@given(drawn=subscriptions(plain=True), policy=POLICIES, data=st.data())
def test_a_note_for_exactly_what_is_left_leaves_nothing(drawn, policy, data):
    facts, on = drawn
    assume(any(charge.is_live for cycle in facts.cycles for charge in cycle.charges))
    found = policies.refund(facts, on=on, policy=policy, is_expired_case=False)
    left = {charge.line_id: charge.left for line in found.lines for charge in line.charges}
    noted = tuple(
        replace(
            cycle,
            charges=tuple(
                replace(charge, credited=charge.credited + left.get(charge.line_id, Decimal(0)))
                for charge in cycle.charges
            ),
        )
        for cycle in facts.cycles
    )
    again = policies.refund(replace(facts, cycles=noted), on=on, policy=policy, is_expired_case=False)
    assert (again.left, again.waived, again.refunds, again.total) == (0, 0, 0, 0)
