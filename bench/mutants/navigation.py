"""The navigation, and what surrounds every page; the renewal that is switched from the sidebar."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "the navigation asks for no permission",
        "portal/shell/navigation.py",
        "        if user.has_perm(permission)\n",
        "",
        "tests/shell/test_navigation_shows.py::test_each_role_is_offered_what_it_may_open",
    ),
    Mutation(
        "“Runs” is shown to who reads the audit",
        "portal/shell/navigation.py",
        '"clock", "jobs.view_run"',
        '"clock", "audit.view_auditentry"',
        "tests/shell/test_navigation_shows.py::test_a_permission_offers_its_entries_alone",
    ),
    Mutation(
        "the settings' other pages are under no entry of the navigation",
        "portal/shell/navigation.py",
        '("/settings/",)',
        '("/setting/",)',
        "tests/shell/test_navigation_shows.py::test_the_entry_that_a_page_belongs_to_is_marked",
    ),
    Mutation(
        "“Admin” is shown to everybody",
        "portal/shell/navigation.py",
        "    if user.is_superuser:",
        "    if user.is_authenticated:",
        "tests/shell/test_navigation_shows.py::test_each_role_is_offered_what_it_may_open",
    ),
    Mutation(
        "the home page counts what somebody may not open",
        "portal/lib/attention.py",
        "[box for box in found if user.has_perm(box.of.permission)]",
        "found",
        "tests/shell/test_attention.py::test_each_role_sees_what_it_may_open",
    ),
    Mutation(
        "the home page counts without the filters of the list",
        "portal/lib/attention.py",
        "        found = filter_.filter(found, value)",
        "        pass",
        "tests/shell/test_attention.py::test_each_number_counts_what_its_list_shows",
    ),
    Mutation(
        "the days left are counted from another day",
        "subscriptions/record/selectors/listing.py",
        "last = today - timedelta(days=kept + 1)",
        "last = today - timedelta(days=kept)",
        "tests/shell/test_attention.py::test_each_number_counts_what_its_list_shows",
    ),
    Mutation(
        "pages are kept by browsers",
        "portal/shell/middleware.py",
        "        add_never_cache_headers(response)\n",
        "",
        "tests/shell/test_limits.py::test_a_page_of_somebody_who_is_logged_in_is_not_kept",
    ),
    Mutation(
        "a restored page is a fragment",
        "portal/lib/htmx.py",
        "return bool(request.htmx) and not request.htmx.history_restore_request",
        "return bool(request.htmx)",
        "tests/lib/test_htmx.py::test_only_who_has_a_page_around_it_gets_the_fragment",
    ),
    Mutation(
        "a refused renewal is told as done",
        "subscriptions/life/views.py",
        "said, is_refused = str(refusal), True",
        "said, is_refused = str(refusal), False",
        "tests/subscriptions/life/test_renewal.py::test_what_cannot_be_is_said_and_nothing_is_written",
    ),
    Mutation(
        "what has expired can be unsubscribed",
        "subscriptions/life/refusals.py",
        'if stands.status == "expired":',
        "if False:",
        "tests/subscriptions/life/test_renewal.py::test_what_cannot_be_is_said_and_nothing_is_written",
    ),
    Mutation(
        "a trial renews",
        "subscriptions/life/refusals.py",
        "if subscription.is_trial and wanted:",
        "if False:",
        "tests/subscriptions/life/test_renewal.py::test_what_cannot_be_is_said_and_nothing_is_written",
    ),
    Mutation(
        "the history tells a resubscription as its contrary",
        "subscriptions/life/operations/auto_renewal.py",
        '"subscription.resubscribed" if wanted else "subscription.unsubscribed"',
        '"subscription.unsubscribed" if wanted else "subscription.resubscribed"',
        "tests/subscriptions/life/test_renewal.py::test_the_history_tells_which_of_the_two_it_was",
    ),
)
