"""Scheduled ends: the day asked for, the day of the run, and what closes or keeps them."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "a scheduled end takes the day of the run",
        "subscriptions/termination/operations.py",
        "on=stored.ends_on if stored else today,",
        "on=today,",
        "tests/subscriptions/requests/test_night.py::test_it_ends_on_its_day_as_no_credit_note_has_been_sent",
    ),
    Mutation(
        "the night does not ask whether the day is over where the customer is",
        "subscriptions/requests/selectors.py",
        "is_over = ends_on < days.today_in(zone, at=at)",
        "is_over = True",
        "tests/subscriptions/requests/test_night.py::test_the_day_is_over_where_the_organisation_is",
    ),
    Mutation(
        "an end is scheduled for today",
        "subscriptions/requests/operations/asking.py",
        "if ends_on <= today:",
        "if ends_on < today:",
        "tests/subscriptions/requests/test_asking.py::test_a_day_that_has_begun_is_refused",
    ),
    Mutation(
        "an estimate is not compared with what was seen",
        "subscriptions/requests/operations/asking.py",
        "if document != seen.document:",
        "if False:",
        "tests/subscriptions/requests/test_asking.py::test_an_estimate_that_changed_is_shown_anew",
    ),
    Mutation(
        "the clean-up ends what is asked to end on another day",
        "subscriptions/clean_up/operations/due.py",
        "q.state = 'open'))",
        "q.state = ''))",
        "tests/subscriptions/requests/test_night.py::test_what_expired_before_its_day_waits_for_a_person",
    ),
    Mutation(
        "an end that came otherwise leaves its request open",
        "subscriptions/termination/writer/ending.py",
        '    "requests": _CLOSE_REQUESTS,\n',
        "",
        "tests/subscriptions/requests/test_asking.py::test_a_termination_before_the_day_closes_it",
    ),
    Mutation(
        "a scheduled end is withdrawn by a page that shows another one",
        "subscriptions/requests/operations/asking.py",
        "        if stored.uuid != request_uuid:",
        "        if False:",
        "tests/subscriptions/requests/test_asking.py::test_it_is_withdrawn_with_a_reason_and_can_be_asked_anew",
    ),
    Mutation(
        "a scheduled end is asked for after expiry while nothing renews",
        "subscriptions/requests/operations/asking.py",
        "    if not subscription.auto_renew and ends_on > subscription.expires_on:",
        "    if False:",
        "tests/subscriptions/requests/test_asking.py::test_not_after_expiry_while_auto_renewal_is_off",
    ),
    Mutation(
        "a scheduled end is not computed again after a payment came in between",
        "subscriptions/requests/operations/carrying.py",
        "            if not remaining:\n                raise",
        "            raise",
        "tests/subscriptions/requests/test_night.py::test_a_payment_between_computing_and_locks_is_computed_again",
    ),
    Mutation(
        "a scheduled end that waits for a person is tried again each night",
        "subscriptions/requests/selectors.py",
        "            needs_person_since__isnull=True,\n",
        "",
        "tests/subscriptions/requests/test_night.py"
        "::test_what_waits_for_a_person_is_not_carried_out_by_itself_any_more",
    ),
)
