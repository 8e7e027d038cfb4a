"""The sidebar of a subscription: what it says, for whom it has which button, and from when on."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "“Terminate” is shown to who may not terminate",
        "subscriptions/record/actions.py",
        '"Terminate",\n        "subscriptions.terminate_subscription",',
        '"Terminate",\n        "subscriptions.view_subscription",',
        "tests/subscriptions/record/test_sidebar_shows.py::test_a_button_stands_there_for_who_may_press_it",
    ),
    Mutation(
        "“Unsubscribe” is shown to who may not change the renewal",
        "subscriptions/record/actions.py",
        "if not may(action.permission):",
        "if action.is_dangerous and not may(action.permission):",
        "tests/subscriptions/record/test_sidebar_shows.py::test_a_button_stands_there_for_who_may_press_it",
    ),
    Mutation(
        "“Resubscribe” switches auto-renewal off",
        "subscriptions/record/actions.py",
        'fields={"wanted": "on"}',
        'fields={"wanted": "off"}',
        "tests/subscriptions/termination/test_sidebar.py::test_unsubscribe_and_resubscribe",
    ),
    Mutation(
        "a trial can be resubscribed from its sidebar",
        "subscriptions/life/refusals.py",
        "if subscription.is_trial and wanted:",
        "if subscription.is_trial and not wanted:",
        "tests/subscriptions/record/test_sidebar_shows.py::test_a_button_stands_there_for_who_may_press_it",
    ),
    Mutation(
        "an add-on costs what the plan costs",
        "subscriptions/record/selectors/details.py",
        "money.display(a.price_per_month, currency=currency)",
        "money.display(subscription.plan.price_per_month, currency=currency)",
        "tests/subscriptions/record/test_sidebar_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "“Started on” shows the expiry date",
        "subscriptions/record/selectors/details.py",
        'Term("Started on", days.display(subscription.started_on))',
        'Term("Started on", days.display(subscription.expires_on))',
        "tests/subscriptions/record/test_sidebar_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the billing model is that of the first cycle",
        "subscriptions/record/selectors/details.py",
        'order_by("-first_day").first()',
        'order_by("first_day").first()',
        "tests/subscriptions/record/test_sidebar_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the history is told in UTC",
        "subscriptions/record/selectors/details.py",
        "days.wall_clock(subscription.organisation.timezone, at=row.at)",
        "row.at",
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_the_history_begins_with_the_newest_and_is_told_in_the_organisations_zone",
    ),
    Mutation(
        "the history begins with the oldest",
        "subscriptions/record/selectors/details.py",
        'order_by("-at", "-id")',
        'order_by("at", "id")',
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_the_history_begins_with_the_newest_and_is_told_in_the_organisations_zone",
    ),
    Mutation(
        "an assignment that ended looks like one that runs",
        "templates/subscriptions/record/_detail.html",
        "{% if item.until %}, {{ item.until }}{% endif %}",
        "",
        "tests/subscriptions/record/test_sidebar_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "a number does not say through when it is reserved",
        "subscriptions/record/selectors/details.py",
        'hint=(f"through {days.display(n.reserved_through)}" if n.reserved_through else "")',
        'hint=""',
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_what_ended_says_until_when_its_numbers_stay_and_leads_to_its_record",
    ),
    Mutation(
        "“renewed elsewhere” stands beside what renews no more",
        "subscriptions/record/selectors/details.py",
        'subscription.is_trial or stands.status != "active":',
        "subscription.is_trial:",
        "tests/subscriptions/record/test_sidebar_shows.py::test_a_state_is_told_by_its_terms",
    ),
    Mutation(
        "the day of a contract item that was freed is left out",
        "subscriptions/record/selectors/details.py",
        'if item.freed_on else "")',
        'if not item.freed_on else "")',
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_what_ended_says_until_when_its_numbers_stay_and_leads_to_its_record",
    ),
    Mutation(
        "an expired subscription can be terminated a day too early",
        "subscriptions/policies/standing.py",
        "(on - expires_on).days > reactivation_days",
        "(on - expires_on).days >= reactivation_days",
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_what_expired_can_be_ended_the_day_after_the_reactivation_days",
    ),
    Mutation(
        "the day from which an expired subscription can be terminated is one too early",
        "subscriptions/policies/standing.py",
        "days.add_days(expires_on, reactivation_days + 1)",
        "days.add_days(expires_on, reactivation_days)",
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_what_expired_can_be_ended_the_day_after_the_reactivation_days",
    ),
    Mutation(
        "a subscription expires on its last day",
        "subscriptions/policies/standing.py",
        "if on <= expires_on:",
        "if on < expires_on:",
        "tests/subscriptions/record/test_sidebar_shows.py"
        "::test_what_expired_can_be_ended_the_day_after_the_reactivation_days",
    ),
)
