"""The nightly clean-up."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "the clean-up ends a subscription a day early",
        "subscriptions/clean_up/operations/due.py",
        "o.today - s.expires_on > %(kept)s",
        "o.today - s.expires_on >= %(kept)s",
        "tests/subscriptions/clean_up/test_terminate_expired.py::test_each_zone_has_its_own_today",
    ),
    Mutation(
        "the clean-up ends what may only have missed its renewal",
        "subscriptions/clean_up/operations/due.py",
        "    s.auto_renew AND NOT s.is_trial",
        "    false AND NOT s.is_trial",
        "tests/subscriptions/clean_up/test_clean_up_held.py::test_what_may_only_have_missed_its_renewal_is_held",
    ),
    Mutation(
        "the clean-up ends whatever the number, without a limit",
        "subscriptions/clean_up/operations/expire.py",
        "    if found <= MOST:",
        "    if found >= 0:",
        "tests/subscriptions/clean_up/test_clean_up_held.py"
        "::test_without_a_limit_a_run_in_which_much_is_due_does_nothing",
    ),
    Mutation(
        "the clean-up trusts a clock that is not the database's",
        "subscriptions/management/commands/terminate_expired.py",
        "if abs(here - clocks.database) > APART:",
        "if False:",
        "tests/subscriptions/clean_up/test_clean_up_held.py::test_a_clock_that_is_not_the_databases_ends_nothing",
    ),
    Mutation(
        "the clean-up trusts a clock from before the last run",
        "subscriptions/management/commands/terminate_expired.py",
        "if clocks.last_start and here < clocks.last_start and not is_day_named:",
        "if False:",
        "tests/subscriptions/clean_up/test_clean_up_held.py::test_a_clock_before_the_last_run_ends_nothing_unless_the_day_is_named",
    ),
    Mutation(
        "an unknown time zone stops everybody",
        "subscriptions/selectors/zones.py",
        "            unknown.append(zone)",
        "            raise",
        "tests/subscriptions/clean_up/test_clean_up_bad_rows.py::test_an_unknown_time_zone_stops_nobody_else",
    ),
    Mutation(
        "the report of a killed run stays as it was",
        "subscriptions/management/commands/terminate_expired.py",
        "                reports.complete()",
        "                pass",
        "tests/subscriptions/clean_up/test_clean_up_reports.py::test_the_report_of_a_killed_run_is_completed_by_the_next_one",
    ),
    Mutation(
        "nobody says how many would be due tonight",
        "settings_app/views.py",
        'if question and form.cleaned_data["confirmed_days"] != question.days:',
        "if False:",
        "tests/settings_app/test_views.py::test_how_many_would_end_tonight_is_said_before_reactivation_days_are_saved",
    ),
    Mutation(
        "ported-in numbers are reserved as any other",
        "subscriptions/termination/writer/ending.py",
        "CASE WHEN r.is_ported_in THEN",
        "CASE WHEN false THEN",
        "tests/subscriptions/termination/test_terminate.py::test_numbers_stay_reserved_for_as_long_as_the_settings_of_the_commit_say",
    ),
)
