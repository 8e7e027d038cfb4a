"""Renewals: what is due, what the next cycle costs, what pays for it, and what an agent recovers."""

from bench.mutants.mutation import Mutation

_NIGHT = "tests/subscriptions/life/test_renew_due.py::"
_DAYS = "tests/subscriptions/life/test_renewal_days.py::"
_RECOVER = "tests/subscriptions/life/test_recover.py::"
_COSTS = "tests/subscriptions/policies/test_next_cycle.py::"
_AGREE = "tests/subscriptions/life/test_renewals_agree.py::test_the_night_does_what_the_policies_say"

MUTATIONS = (
    Mutation(
        "a full batch cuts its last organisation in two",
        "subscriptions/life/selectors/due.py",
        "rows = [row for row in rows if row[0] != last]",
        "pass",
        _NIGHT + "test_batches_never_cut_an_organisation",
    ),
    Mutation(
        "an organisation with more than a batch is renewed in parts",
        "subscriptions/life/selectors/due.py",
        "if is_full and rows[0][0] == last:",
        "if False:",
        _NIGHT + "test_batches_never_cut_an_organisation",
    ),
    Mutation(
        "of an organisation of which one is locked the others are renewed",
        "subscriptions/life/selectors/due.py",
        "for organisation, ids in found.items() if free.issuperset(ids)}",
        "for organisation, ids in found.items() if free.intersection(ids)}",
        "tests/subscriptions/life/test_renewal_races.py::test_an_organisation_of_which_one_is_locked_waits_for_its_turn",
    ),
    Mutation(
        "a renewal asks for another day than that of the organisation",
        "subscriptions/life/selectors/due.py",
        "AND o.today >= s.expires_on - {renewals.DAYS_AHEAD} AND o.today",
        "AND o.today",
        _DAYS + "test_each_zone_has_its_own_today",
    ),
    Mutation(
        "a renewal passes the day of a scheduled end",
        "subscriptions/life/selectors/due.py",
        'AND {NO_END_ASKED.format(through="greatest(s.expires_on, o.today)")}\n',
        "",
        _DAYS + "test_nothing_renews_past_the_day_of_a_scheduled_end",
    ),
    Mutation(
        "a renewal is made after the day of a scheduled end has come",
        "subscriptions/life/selectors/due.py",
        'through="greatest(s.expires_on, o.today)"',
        'through="s.expires_on"',
        _DAYS + "test_nothing_renews_past_the_day_of_a_scheduled_end",
    ),
    Mutation(
        "a renewal that was refused in time comes back by itself",
        "subscriptions/life/selectors/due.py",
        "AND (o.today <= s.expires_on OR NOT EXISTS (",
        "AND (true OR NOT EXISTS (",
        _NIGHT + "test_what_is_refused_is_tried_again_each_day_until_it_expires",
    ),
    Mutation(
        "a renewal spends what an earlier date has taken",
        "subscriptions/life/writer.py",
        "b.available - CASE WHEN b.is_paid THEN b.needed ELSE 0 END AS available",
        "b.available AS available",
        _NIGHT + "test_what_earlier_dates_take_is_no_longer_there",
    ),
    Mutation(
        "renewals of one date are refused one by one",
        "subscriptions/life/writer.py",
        "    FROM sums WHERE NOT lacks_rate GROUP BY 1, 2\n",
        "    FROM sums WHERE NOT lacks_rate GROUP BY 1, 2, id\n",
        _NIGHT + "test_for_want_of_credit_a_date_is_refused_whole_and_earlier_dates_come_first",
    ),
    Mutation(
        "a refused renewal is not told",
        "subscriptions/life/writer.py",
        "        if addressee := config.addressee_of(REFUSED):",
        "        if addressee := '':",
        _NIGHT + "test_for_want_of_credit_a_date_is_refused_whole_and_earlier_dates_come_first",
    ),
    Mutation(
        "a renewal decides by what the account was before its lock",
        "subscriptions/life/writer.py",
        "    if is_locking:\n        cursor.execute(_LOCK_ACCOUNTS)\n",
        "",
        "tests/subscriptions/life/test_renewal_races.py"
        "::test_what_is_taken_while_a_renewal_waits_is_not_spent_again",
    ),
    Mutation(
        "a renewal charges an addition again",
        "subscriptions/life/selectors/costs.py",
        " AND NOT g.is_addition",
        "",
        _AGREE,
    ),
    Mutation(
        "a renewal takes a void invoice for the last charge",
        "subscriptions/life/selectors/costs.py",
        "i.status NOT IN ('draft', 'void')",
        "i.status <> 'draft'",
        _AGREE,
    ),
    Mutation(
        "a renewal charges tax where none is to be charged",
        "subscriptions/life/selectors/costs.py",
        "CASE WHEN d.is_tax_exempt THEN 0",
        "CASE WHEN false THEN 0",
        _AGREE,
    ),
    Mutation(
        "the next cycle costs what the last one did, whatever its months",
        "subscriptions/policies/next_cycle.py",
        "share = Fraction(thing.before.net) * months / thing.before.months",
        "share = Fraction(thing.before.net)",
        _COSTS + "test_unchanged_over_other_months_is_a_share_half_up",
    ),
    Mutation(
        "the next cycle keeps its tax although a younger rate began",
        "subscriptions/policies/next_cycle.py",
        "    return rate is None or rate.begins_on <= before.charged_on",
        "    return True",
        _COSTS + "test_an_unchanged_charge_that_had_another_tax_keeps_its_share_until_a_younger_rate_begins",
    ),
    Mutation(
        "the next cycle is taxed by a rate that has not begun",
        "subscriptions/policies/next_cycle.py",
        "for rate in self.rates if rate.begins_on <= day)",
        "for rate in self.rates)",
        _COSTS + "test_a_rate_that_has_not_begun_is_none",
    ),
    Mutation(
        "to charge asks for no cover",
        "invoicing/operations/charging.py",
        "    if needed > available:",
        "    if False:",
        "tests/invoicing/test_charging.py::test_what_credits_do_not_cover_is_refused_and_nothing_is_written",
    ),
    Mutation(
        "to charge leaves the last cent",
        "invoicing/operations/charging.py",
        "    if needed > available:",
        "    if needed >= available:",
        "tests/invoicing/test_charging.py::test_just_enough_is_enough",
    ),
    Mutation(
        "the seal of a renewal is anybody's",
        "subscriptions/life/steps.py",
        'if payload.get("user") != request.user.pk or payload.get',
        "if payload.get",
        _RECOVER + "test_what_changed_is_shown_anew_and_a_foreign_seal_is_none",
    ),
    Mutation(
        "the seal of a renewal never grows old",
        "subscriptions/life/operations/recovering.py",
        "        if seen.is_too_old:",
        "        if False:",
        _RECOVER + "test_what_was_shown_too_long_ago_is_shown_anew_and_renewed_once_all_the_same",
    ),
    Mutation(
        "the seal of a renewal is not compared with what would be charged",
        "subscriptions/life/operations/recovering.py",
        "        if preview.document != seen.document:",
        "        if False:",
        _RECOVER + "test_what_was_seen_and_is_no_longer_so_is_refused_with_what_is",
    ),
    Mutation(
        "the seal of a renewal sent again is not recognised",
        "subscriptions/life/operations/recovering.py",
        "        if earlier:",
        "        if False:",
        _RECOVER + "test_the_same_form_twice_renews_once_and_gets_the_first_answer",
    ),
)
