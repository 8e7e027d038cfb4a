"""What is refused of requested ends and of refused renewals: copies of legal rows, as in `illegal_additions`."""

# A termination of the neighbour, which settles nothing.
ANOTHER = {"subscription_id": "{neighbour}", "settlement": "'nothing_due'", "choice": "'none'"}
ANOTHER |= {"entry_id": "NULL", "credited": "NULL", "credit_note_id": "NULL"}

ASKED: list[tuple[str, str, dict[str, str]]] = [
    ("a_subscription_has_one_open_request", "asked", {}),
    ("a_request_has_a_known_state", "asked", {"state": "'lost'"}),
    ("a_request_came_by_a_known_channel", "withdrawn", {"channel": "'pigeon'"}),
    ("a_request_says_who_wants_the_end_and_why", "withdrawn", {"explanation": "''"}),
    ("a_request_says_who_wants_the_end_and_why", "withdrawn", {"requested_by": "''"}),
    ("a_request_says_who_wants_the_end_and_why", "withdrawn", {"actor": "''"}),
    ("a_request_is_for_a_day_ahead", "withdrawn", {"ends_on": "asked_on"}),
    ("a_request_is_recorded_after_the_customer_asked", "withdrawn", {"requested_on": "asked_on + 1"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"withdrawal_reason": "''"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"closed_by": "''"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"closed_by_user_id": "NULL"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"closed_at": "NULL"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"termination_id": "{termination}"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"state": "'carried_out'"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"state": "'closed'"}),
    ("a_request_has_what_its_state_says", "withdrawn", {"state": "'open'"}),
    ("a_request_that_needs_a_person_says_why", "withdrawn", {"refusal_code": "'changed'"}),
    ("a_request_that_needs_a_person_says_why", "withdrawn", {"needs_person_since": "asked_at"}),
    (
        "a_request_is_closed_by_the_end_of_its_subscription",
        "withdrawn",
        {"state": "'closed'", "termination_id": "{termination}", "withdrawal_reason": "''"},
    ),
    (
        "a_request_is_carried_out_for_its_day",
        "termination",
        {**ANOTHER, "request_id": "{asked}", "terminated_on": "terminated_on + 1"},
    ),
    ("a_request_is_carried_out_for_its_day", "termination", {**ANOTHER, "request_id": "{waiting}"}),
    ("a_request_is_carried_out_once", "by_request", {**ANOTHER, "request_id": "request_id"}),
    (
        "a_request_is_carried_out_here",
        "termination",
        {**ANOTHER, "request_id": "{asked}", "terminated_on": "'2026-03-31'", "actor_kind": "'import'"},
    ),
    (
        "a_person_explains_a_termination",
        "termination",
        {**ANOTHER, "request_id": "{asked}", "actor_kind": "'system'", "explanation": "''"},
    ),
]

REFUSED: list[tuple[str, str, dict[str, str]]] = [
    ("a_renewal_is_refused_once_a_day", "renewal_refusal", {}),
    ("a_refused_renewal_says_why", "renewal_refusal", {"tried_on": "tried_on + 1", "code": "''"}),
]
