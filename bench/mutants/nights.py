"""The night, and what customers are told ahead."""

from bench.mutants.mutation import Mutation

_REMINDERS = "tests/subscriptions/reminders/test_reminders.py::"
_NIGHT = "tests/shell/test_night.py::"

MUTATIONS = (
    Mutation(
        "a reminder is written each night",
        "subscriptions/reminders/selectors.py",
        "WHERE told.subject_uuid = s.uuid AND",
        "WHERE false AND",
        _REMINDERS + "test_running_again_tells_nothing_twice",
    ),
    Mutation(
        "a reminder is written beside that of another run",
        "subscriptions/reminders/operations/writing.py",
        'then="ON CONFLICT DO NOTHING RETURNING id, uuid"',
        'then="RETURNING id, uuid"',
        _REMINDERS + "test_two_runs_at_once_write_each_message_once",
    ),
    Mutation(
        "a reminder tells of the renewal of what ends by request",
        "subscriptions/reminders/selectors.py",
        "s.status <> 'terminated' AND {_RENEWS} AND {_NO_END} ",
        "s.status <> 'terminated' AND {_RENEWS} ",
        _REMINDERS + "test_what_ends_by_request_is_not_told",
    ),
    Mutation(
        "a reminder goes by the day in Greenwich",
        "subscriptions/reminders/selectors.py",
        'f"{day} BETWEEN o.today + {least} AND o.today + {most} "',
        'f"{day} BETWEEN current_date + {least} AND current_date + {most} "',
        _REMINDERS + "test_the_day_is_that_of_the_organisation",
    ),
    Mutation(
        "the night cleans up although renewals failed",
        "portal/shell/night.py",
        "Step(CLEAN_UP, _clean_up, needs=(IMPORT, RENEW))",
        "Step(CLEAN_UP, _clean_up, needs=(IMPORT,))",
        _NIGHT + "test_an_import_that_fails_leaves_out_what_needs_it_and_nothing_else",
    ),
    Mutation(
        "the night goes on with what needs a step that was left out",
        "portal/shell/night.py",
        "if need in outcomes and outcomes[need].state != State.DONE]",
        "if need in outcomes and outcomes[need].state == State.FAILED]",
        _NIGHT + "test_an_import_that_fails_leaves_out_what_needs_it_and_nothing_else",
    ),
    Mutation(
        "the night takes the transaction of a broken step along",
        "portal/shell/night.py",
        "    connection.close()\n    return Outcome(State.FAILED, why=why)",
        "    return Outcome(State.FAILED, why=why)",
        _NIGHT + "test_a_step_that_leaves_its_transaction_open_does_not_take_the_next_one_along",
    ),
    Mutation(
        "the night goes on when it is asked to stop",
        "portal/shell/night.py",
        "    if stop():\n        return Outcome(State.LEFT_OUT",
        "    if False:\n        return Outcome(State.LEFT_OUT",
        _NIGHT + "test_sigterm_ends_the_night_after_the_running_step",
    ),
    Mutation(
        "the night that failed is told as a good one",
        "portal/shell/management/commands/nightly.py",
        "        if any(outcome.why for outcome in outcomes.values()):",
        "        if False:",
        _NIGHT + "test_a_bad_night_is_not_told",
    ),
)
