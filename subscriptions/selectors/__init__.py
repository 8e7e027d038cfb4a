"""Read subscriptions: what a quote is made of, what the sidebar and lists show."""

from subscriptions.selectors.credit_notes import choosable_notes, chosen_note, planned_uses
from subscriptions.selectors.naming import (
    identities,
    identities_of_charges,
    identity_of,
    named_by_uuid,
    numbers_to_keep,
)
from subscriptions.selectors.owed import owed_of
from subscriptions.selectors.pages import subscription_details, subscriptions_page
from subscriptions.selectors.quotes import (
    NEVER_REFUNDED,
    NotTerminableFacts,
    ended_of,
    facts_of,
    facts_of_many,
    find,
    is_held_back,
    quote_of,
    standing_of,
    subscriptions,
    terms_of,
)
from subscriptions.selectors.record import find_termination, result_of, termination_record
from subscriptions.selectors.runs import (
    REPORT_COLUMNS,
    Keys,
    ReportRow,
    broken_off_runs,
    clean_up_report,
    clean_up_runs,
    clocks,
    report_rows,
    run_of,
)

__all__ = [
    "NEVER_REFUNDED",
    "REPORT_COLUMNS",
    "Keys",
    "NotTerminableFacts",
    "ReportRow",
    "broken_off_runs",
    "choosable_notes",
    "chosen_note",
    "clean_up_report",
    "clean_up_runs",
    "clocks",
    "ended_of",
    "facts_of",
    "facts_of_many",
    "find",
    "find_termination",
    "identities",
    "identities_of_charges",
    "identity_of",
    "is_held_back",
    "named_by_uuid",
    "numbers_to_keep",
    "owed_of",
    "planned_uses",
    "quote_of",
    "report_rows",
    "result_of",
    "run_of",
    "standing_of",
    "subscription_details",
    "subscriptions",
    "subscriptions_page",
    "termination_record",
    "terms_of",
]
