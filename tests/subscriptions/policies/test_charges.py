"""What comes back of each charge: notes, waivers, caps, shares, additions, and invoices from elsewhere."""

from datetime import date

from tests.subscriptions.policies.facts import D, charge, cycle, facts, only_line, refund


def test_what_was_not_paid_is_waived_and_the_used_part_stays_owed():
    line = only_line(
        facts(cycle(date(2025, 1, 1), 12, charge("249.00", "22.41", paid="124.50"))), date(2025, 6, 15)
    )
    (one,) = line.charges
    assert (str(one.charged), str(one.value), str(one.left)) == ("271.41", "135.71", "135.71")
    assert (str(line.waived), str(line.refund), str(line.owed)) == ("135.71", "0.00", "11.20")
    assert (str(line.net), str(line.tax), line.reason) == ("0.00", "0.00", "remaining")


def test_an_unused_note_leaves_only_the_waiver():
    found = refund(facts(cycle(date(2025, 1, 1), 1, charge("100", paid="50", credited="50"))), date(2025, 1, 5))
    assert (found.waived, found.total, found.left, found.lines[0].owed) == (D("50"), D("0"), D("50"), D("0"))


def test_a_note_that_paid_counts_on_both_sides():
    found = refund(facts(cycle(date(2025, 1, 1), 1, charge("100", paid="80", credited="30"))), date(2025, 1, 5))
    assert (found.waived, found.total, found.left, found.lines[0].owed) == (D("20"), D("50"), D("70"), D("0"))


def test_a_note_for_this_very_refund_leaves_nothing():
    subscription = facts(cycle(date(2025, 1, 1), 2, charge("100", credited="50")))
    assert refund(subscription, date(2025, 1, 20)).total == 0


def test_a_note_above_the_value_takes_nothing_away():
    line = only_line(facts(cycle(date(2025, 1, 1), 2, charge("100", paid="60", credited="70"))), date(2025, 1, 20))
    assert (line.waived, line.refund, line.owed) == (D("0"), D("0"), D("40"))


def test_what_was_waived_before_is_neither_owed_nor_given_again():
    line = only_line(facts(cycle(date(2025, 1, 1), 1, charge("100", paid="50", waived="30"))), date(2025, 1, 5))
    assert (line.waived, line.refund, line.owed) == (D("20"), D("50"), D("0"))


def test_a_cut_refund_keeps_the_proportion_of_net_and_tax():
    line = only_line(
        facts(cycle(date(2025, 1, 1), 1, charge("100.00", "9.00", credited="50.00"))), date(2025, 1, 5)
    )
    # 59 x 100 / 109 = 54.128...
    assert (str(line.net), str(line.tax), str(line.refund)) == ("54.13", "4.87", "59.00")


def test_charges_are_capped_one_by_one():
    subscription = facts(
        cycle(date(2025, 1, 1), 1, charge("100", line_id=1, credited="100"), charge("20", line_id=2, paid="5"))
    )
    line = only_line(subscription, date(2025, 1, 5))
    assert [(one.line_id, one.waived, one.refund) for one in line.charges] == [
        (1, D("0"), D("0")),
        (2, D("15"), D("5")),
    ]
    assert (line.charged, line.paid, line.credited, line.refund) == (D("120"), D("105"), D("100"), D("5"))


def test_shares_of_several_charges_are_rounded_one_by_one():
    subscription = facts(
        cycle(date(2025, 1, 1), 3, charge("0.01", line_id=1), charge("0.01", line_id=2), charge("0.02", line_id=3))
    )
    line = only_line(subscription, date(2025, 1, 20))
    assert [str(one.refund) for one in line.charges] == ["0.01", "0.01", "0.01"]


def test_lines_of_draft_and_void_invoices_are_no_part_of_it():
    line = only_line(facts(cycle(date(2025, 1, 1), 1, charge("100", is_live=False))), date(2025, 1, 5))
    assert (line.charged, line.paid, line.refund, line.owed, line.charges) == (0, 0, 0, 0, ())
    assert line.reason == "within_window"


def test_a_cycle_without_charges_keeps_its_word():
    assert only_line(facts(cycle(date(2025, 1, 1), 2)), date(2025, 1, 20)).reason == "remaining"
    assert only_line(facts(cycle(date(2025, 1, 1), 2)), date(2025, 2, 20)).reason == "used_up"


def test_nothing_charged_gives_nothing():
    line = only_line(facts(cycle(date(2025, 1, 1), 2, charge("0"))), date(2025, 1, 5))
    assert (str(line.refund), str(line.net), line.reason) == ("0.00", "0.00", "within_window")


def test_an_addition_is_shared_over_its_own_months():
    # Made on 25 November to a cycle of three months from the 16th: $7 for the running month, $20 for two more.
    subscription = facts(
        cycle(
            date(2025, 11, 16),
            3,
            charge("90", line_id=1),
            charge("7", line_id=2, first_day=date(2025, 11, 25), day_after=date(2025, 12, 16)),
            charge("20", line_id=3, first_day=date(2025, 12, 16), day_after=date(2026, 2, 16)),
        )
    )

    def refunds(on, **policy):
        return [one.refund for one in only_line(subscription, on, **policy).charges]

    assert refunds(date(2025, 11, 30)) == [90, 7, 20]
    assert refunds(date(2025, 12, 1)) == [60, 0, 20]
    assert refunds(date(2025, 12, 16)) == [30, 0, 10]
    assert refunds(date(2026, 1, 16)) == [0, 0, 0]
    # 92 days with 76 after 1 December; 21 with 14; 62 with all.
    assert refunds(date(2025, 12, 1), method="remaining_days") == [D("74.35"), D("4.67"), 20]


def test_an_external_invoice_rules_out_its_own_cycle_only():
    subscription = facts(
        cycle(date(2025, 11, 1), 1, charge("30", line_id=1), is_external=True, cycle_id=1),
        cycle(date(2025, 12, 1), 1, charge("30", line_id=2), cycle_id=2),
    )
    assert [line.reason for line in refund(subscription, date(2025, 11, 5)).lines] == [
        "external_invoice",
        "not_begun",
    ]
    assert refund(subscription, date(2025, 11, 5)).total == 30


def test_an_external_invoice_is_a_fact_of_a_charge():
    subscription = facts(
        cycle(
            date(2025, 11, 1),
            1,
            charge("30", "2.70", line_id=1, is_external=True),
            charge("10", "0.90", line_id=2, first_day=date(2025, 11, 4)),
        )
    )
    line = only_line(subscription, date(2025, 11, 5))
    assert (str(line.refund), line.reason) == ("10.90", "within_window")
    assert [(str(one.refund), one.reason) for one in line.charges] == [
        ("0.00", "external_invoice"),
        ("10.90", "within_window"),
    ]


def test_each_charge_says_what_it_covers_and_how_much_of_it_is_left():
    """Bought for a year, widened in the third month: 8 of 12 months of the plan are left, 8 of 9 added ones."""
    subscription = facts(
        cycle(
            date(2025, 1, 16),
            12,
            charge("120", "10.80", line_id=1),
            charge("5", "0.45", line_id=2, first_day=date(2025, 3, 20), day_after=date(2025, 4, 16)),
            charge("90", "8.10", line_id=3, first_day=date(2025, 4, 16)),
        )
    )
    line = only_line(subscription, date(2025, 4, 20))
    assert [
        (one.reason, one.months, one.months_left, one.days, one.days_left, str(one.charged_net), str(one.net))
        for one in line.charges
    ] == [
        ("remaining", 12, 8, 365, 270, "120.00", "80.00"),
        ("used_up", 1, 0, 27, 0, "5.00", "0.00"),
        ("remaining", 9, 8, 275, 270, "90.00", "80.00"),
    ]
    assert line.reason == "remaining"
