"""PostgreSQL refuses each illegal state, and the refusal has the name of a sentence.

Every case takes a world of legal rows and breaks one thing in plain SQL, as nobody in the portal would. The
last tests read the names from the database: a constraint that no case tries fails them.
"""

import re
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from tests.architecture import world as worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(kept_world: SimpleNamespace) -> SimpleNamespace:
    return kept_world


TABLES = {
    "organisation": "customers_organisation",
    "member": "customers_member",
    "search_key": "customers_searchkey",
    "account": "customers_creditaccount",
    "opening": "customers_ledgerentry",
    "entry": "customers_ledgerentry",
    "invoice": "invoicing_invoice",
    "own_invoice": "invoicing_invoice",
    "line": "invoicing_chargeline",
    "refund_line": "invoicing_chargeline",
    "payment": "invoicing_payment",
    "payment_line": "invoicing_paymentline",
    "note": "invoicing_creditnote",
    "own_note": "invoicing_creditnote",
    "linked": "invoicing_creditnote",
    "linked_line": "invoicing_creditnoteline",
    "sent_note": "invoicing_creditnote",
    "void_note": "invoicing_creditnote",
    "note_line": "invoicing_creditnoteline",
    "allocation": "invoicing_creditnoteallocation",
    "hold": "invoicing_creditnotehold",
    "waiver": "invoicing_chargewaiver",
    "charge_refund": "invoicing_chargerefund",
    "stand": "invoicing_creditnotestand",
    "top_up": "customers_topup",
    "take_back": "invoicing_takeback",
    "take_back_line": "invoicing_takebackline",
    "put_in": "invoicing_creditnoteputin",
    "put_in_line": "invoicing_creditnoteputinline",
    "series": "invoicing_numberseries",
    "plan": "subscriptions_plan",
    "product": "subscriptions_product",
    "contract": "subscriptions_contract",
    "contract_item": "subscriptions_contractitem",
    "running": "subscriptions_subscription",
    "refunded": "subscriptions_subscription",
    "add_on": "subscriptions_addon",
    "cycle": "subscriptions_cycle",
    "cycle_charge": "subscriptions_cyclecharge",
    "number": "subscriptions_phonenumber",
    "assignment": "subscriptions_assignment",
    "history": "subscriptions_historyentry",
    "termination": "subscriptions_termination",
    "by_note": "subscriptions_termination",
    "run": "subscriptions_cleanuprun",
    "finished_run": "subscriptions_cleanuprun",
    "failure": "subscriptions_cleanupfailure",
    "held": "subscriptions_cleanupheld",
    "version": "settings_app_portalconfigversion",
    "fee": "settings_app_administrativefee",
    "head": "settings_app_confighead",
    "reason": "settings_app_terminationreason",
    "message": "outbox_message",
    "audit": "audit_auditentry",
}

# The refusal, the row that is changed, what is set: SQL, {name} is the key of another row of the world.
CHANGED = [
    # customers
    ("an_organisation_has_a_known_status", "organisation", "status = 'gone'"),
    ("an_organisation_has_a_known_payment_mode", "organisation", "payment_mode = 'barter'"),
    ("an_organisation_has_a_currency", "organisation", "currency = 'sgd'"),
    ("an_organisation_has_a_name", "organisation", "name = ''"),
    ("a_member_has_a_known_role", "member", "role = 'king'"),
    ("a_search_key_has_a_known_kind", "search_key", "kind = 'smell'"),
    ("a_balance_is_that_of_the_last_entry", "account", "balance = balance + 0.000001"),
    ("a_balance_is_that_of_the_last_entry", "account", "last_seq = 3"),
    ("a_balance_is_that_of_the_last_entry", "account", "head = sha256('another'::bytea)"),
    ("an_account_has_a_head_when_it_has_entries", "account", "head = NULL"),
    ("an_account_never_goes_back_to_an_earlier_entry", "account", "last_seq = 1, balance = 100"),
    ("an_account_never_goes_back_to_an_earlier_entry", "account", "last_seq = NULL, balance = 0"),
    ("a_credit_limit_is_not_negative", "account", "credit_limit = -1"),
    ("reserved_is_not_negative", "account", "reserved = -1"),
    # invoicing: a document has the currency of what it refers to
    ("invoice_has_the_currency_of_its_organisation", "own_invoice", "organisation_id = {stranger}"),
    ("creditnote_has_the_currency_of_its_invoice", "own_note", "invoice_id = {stranger_line.invoice}"),
    ("creditnoteline_has_the_currency_of_its_line", "note_line", "line_id = {stranger_line}"),
    # invoicing: known codes
    ("a_series_has_a_known_document", "series", "document = 'poem'"),
    ("an_invoice_has_a_known_kind", "invoice", "kind = 'poem'"),
    ("an_invoice_has_a_known_status", "invoice", "status = 'lost'"),
    ("a_charge_has_a_known_kind", "line", "kind = 'bribe'"),
    ("a_payment_has_a_known_method", "payment", "method = 'shells'"),
    ("a_note_has_a_known_status", "own_note", "status = 'lost'"),
    # invoicing: sums and states that fit
    ("a_series_starts_at_its_first_number", "series", "first_number = 2"),
    ("an_invoice_of_a_series_has_a_place_in_it", "own_invoice", "sequence_number = NULL"),
    ("an_invoice_of_a_series_has_a_place_in_it", "own_invoice", "series_id = NULL"),
    ("an_invoice_is_paid_when_nothing_is_open", "invoice", "status = 'paid'"),
    ("an_invoice_is_paid_when_nothing_is_open", "invoice", "paid = charged - waived"),
    ("a_draft_or_void_invoice_is_not_paid", "invoice", "status = 'void'"),
    ("a_draft_or_void_invoice_is_not_paid", "invoice", "status = 'draft'"),
    ("a_charge_is_not_negative", "line", "tax = -1"),
    ("the_sums_of_a_charge_are_not_negative", "line", "noted = -1"),
    ("the_sums_of_a_charge_are_not_negative", "line", "put_in = -1"),
    ("a_payment_is_positive", "payment", "amount = 0"),
    ("a_surplus_is_a_part_of_its_payment", "payment", "surplus = -1"),
    ("a_surplus_has_its_entry", "payment", "surplus = 1"),
    ("never_more_is_taken_back_of_a_surplus_than_there_was", "payment", "surplus_taken_back = 1"),
    ("a_surplus_has_an_entry_of_its_own", "payment", "surplus = 1, surplus_entry_id = {entry}"),
    ("a_note_of_a_series_has_a_place_in_it", "own_note", "sequence_number = NULL"),
    ("a_note_is_not_negative", "own_note", "tax = -0.5"),
    ("a_note_line_is_not_negative", "note_line", "tax = -1"),
    ("a_note_is_not_allocated_above_its_total", "note", "allocated = 6"),
    ("a_note_is_not_allocated_above_its_total", "note", "allocated_outside = 3"),
    ("the_status_of_a_note_says_what_is_allocated", "note", "status = 'sent'"),
    ("the_status_of_a_note_says_what_is_allocated", "note", "status = 'applied'"),
    ("the_status_of_a_note_says_what_is_allocated", "note", "status = 'void'"),
    ("the_status_of_a_note_says_what_is_allocated", "own_note", "status = 'partly_applied'"),
    ("a_note_held_by_a_cause_is_not_voided", "linked", "status = 'void'"),
    ("a_note_held_by_a_cause_is_not_voided", "linked", "status = 'draft'"),
    # invoicing: what stays as it was
    ("an_invoice_stays_with_its_organisation", "own_invoice", "organisation_id = {bare}"),
    ("a_note_stays_with_its_organisation", "own_note", "organisation_id = {bare}"),
    ("a_charge_stays_on_its_invoice", "line", "invoice_id = {own_invoice}"),
    ("a_note_never_becomes_a_draft_again", "sent_note", "status = 'draft'"),
    ("a_void_note_stays_void", "void_note", "status = 'sent'"),
    ("a_note_never_becomes_a_draft_again", "void_note", "status = 'draft'"),
    ("the_sums_of_a_held_note_never_change", "linked", "net = net - 1"),
    ("the_sums_of_a_held_note_never_change", "linked", "net = net - 1, tax = tax + 1"),
    ("the_lines_of_a_held_note_never_change", "linked_line", "net = net - 1"),
    ("the_lines_of_a_held_note_never_change", "linked_line", "credit_note_id = {own_note}"),
    ("the_lines_of_a_held_note_never_change", "note_line", "credit_note_id = {linked}"),
    ("a_note_names_charges_of_its_own_organisation", "note_line", "line_id = {others_line}"),
    # invoicing: the caps, by a sum that is written by hand (rows that make the sums: see ADDED)
    ("notes_waived_and_refunded_stay_within_the_charge", "line", "noted = 45.01"),
    ("paid_and_waived_stay_within_the_charge", "line", "paid = 45.01"),
    ("refunded_and_put_in_stay_within_what_was_paid", "line", "refunded = 22.01"),
    ("refunded_and_put_in_stay_within_what_was_paid", "line", "put_in = 22.01"),
    # subscriptions
    ("a_price_is_not_negative", "plan", "price_per_month = -1"),
    ("an_add_on_price_is_not_negative", "add_on", "price_per_month = -1"),
    ("a_contract_has_a_known_billing_plan", "contract", "billing_plan = 'whenever'"),
    ("a_contract_has_a_known_status", "contract", "status = 'lost'"),
    ("a_contract_ends_after_it_starts", "contract", "ends_on = starts_on - 1"),
    ("a_subscription_has_a_known_status", "running", "status = 'paused'"),
    ("a_subscription_has_the_currency_of_its_organisation", "running", "organisation_id = {stranger}"),
    ("a_subscription_has_the_currency_of_its_plan", "plan", "currency = 'JPY'"),
    ("a_cycle_has_at_least_one_day", "cycle", "day_after = first_day"),
    ("a_cycle_has_at_least_one_month", "cycle", "months = 0"),
    ("a_charge_covers_at_least_one_day", "cycle_charge", "day_after = first_day"),
    ("a_number_is_e164", "number", "number = '6531234567'"),
    ("a_number_is_e164", "number", "number = '+0531234567'"),
    ("a_number_is_reserved_through_a_day", "number", "status = 'reserved'"),
    ("a_number_is_reserved_through_a_day", "number", "reserved_through = '2026-04-01'"),
    ("a_number_is_reserved_through_a_day", "number", "status = 'lost'"),
    # a subscription and its termination
    ("a_terminated_subscription_has_its_termination", "running", "status = 'terminated'"),
    ("a_terminated_subscription_has_its_termination", "running", "termination_ref = {termination}"),
    (
        "a_subscription_points_at_its_own_termination",
        "running",
        "status = 'terminated', termination_ref = {termination}",
    ),
    ("a_subscription_points_at_its_own_termination", "running", "status = 'terminated', termination_ref = 0"),
    (
        "a_terminated_subscription_does_not_renew",
        "running",
        "status = 'terminated', termination_ref = 0, auto_renew = true",
    ),
    ("a_terminated_subscription_never_changes", "refunded", "status = 'active', termination_ref = NULL"),
    ("a_terminated_subscription_never_changes", "refunded", "expires_on = expires_on + 1"),
    ("a_terminated_subscription_never_changes", "refunded", "organisation_id = organisation_id"),
    # runs of the clean-up
    ("a_run_finishes_after_it_started", "run", "finished_at = started_at - interval '1 second'"),
    ("a_run_has_at_least_one_worker", "run", "workers = 0"),
    ("a_run_counts_renewing_among_terminated", "run", "renewing = terminated + 1"),
    ("a_run_that_was_stopped_has_finished", "run", "was_stopped = true"),
    ("a_finished_run_never_changes", "finished_run", "terminated = terminated + 1"),
    ("a_finished_run_never_changes", "finished_run", "finished_at = NULL"),
    # never edited
    ("a_ledger_entry_is_never_changed", "entry", "description = 'something else'"),
    ("a_termination_is_never_changed", "termination", "explanation = 'something else'"),
    ("a_failure_of_a_run_is_never_changed", "failure", "reason = 'something else'"),
    ("what_a_run_held_is_never_changed", "held", "days_expired = 31"),
    ("a_settings_version_is_never_changed", "version", "allow_refund = false"),
    ("a_fee_of_a_settings_version_is_never_changed", "fee", "amount = 0"),
    ("an_audit_entry_is_never_changed", "audit", "actor = 'somebody else'"),
    ("an_allocation_is_never_changed", "allocation", "amount = 1"),
    ("a_hold_is_never_changed", "hold", "kind = 'taken_off'"),
    ("a_waiver_is_never_changed", "waiver", "amount = 1"),
    ("a_charge_refund_is_never_changed", "charge_refund", "net = 1"),
    ("what_a_note_stands_for_is_never_changed", "stand", "net = 1"),
    ("a_top_up_is_never_changed", "top_up", "reason = 'Another'"),
    ("a_take_back_is_never_changed", "take_back", "reason = 'Another'"),
    ("a_part_that_is_taken_back_is_never_changed", "take_back_line", "amount = 2"),
    ("a_payment_line_is_never_changed", "payment_line", "taken_back = 1"),
    ("what_a_note_put_in_is_never_changed", "put_in", "actor = 'somebody else'"),
    ("a_part_that_was_put_in_is_never_changed", "put_in_line", "amount = 1"),
    ("a_payment_line_is_never_changed", "payment_line", "amount = 1"),
    # settings and outbox
    ("there_is_one_config_head", "head", "id = 2"),
    ("an_older_settings_version_is_never_made_current", "head", "version_id = {earlier_version}"),
    ("a_reason_has_a_label", "reason", "label = ''"),
    ("a_message_has_a_known_status", "message", "status = 'read'"),
    ("a_message_has_a_known_addressee", "message", "addressee = 'friend'"),
    ("a_message_is_sent_exactly_when_it_says_when", "message", "status = 'sent'"),
    ("a_message_without_an_address_is_a_dead_letter", "message", "\"to\" = ''"),
]

DELETED = [
    ("a_ledger_entry_is_never_changed", "entry"),
    ("a_termination_is_never_changed", "termination"),
    ("a_terminated_subscription_never_changes", "refunded"),
    ("a_failure_of_a_run_is_never_changed", "failure"),
    ("what_a_run_held_is_never_changed", "held"),
    ("a_finished_run_never_changes", "finished_run"),
    ("a_settings_version_is_never_changed", "version"),
    ("a_fee_of_a_settings_version_is_never_changed", "fee"),
    ("an_audit_entry_is_never_changed", "audit"),
    ("a_portal_always_has_its_config_head", "head"),
    ("the_lines_of_a_held_note_never_change", "linked_line"),
    ("an_allocation_is_never_changed", "allocation"),
    ("a_hold_is_never_changed", "hold"),
    ("a_waiver_is_never_changed", "waiver"),
    ("a_charge_refund_is_never_changed", "charge_refund"),
    ("what_a_note_stands_for_is_never_changed", "stand"),
    ("a_top_up_is_never_changed", "top_up"),
    ("a_take_back_is_never_changed", "take_back"),
    ("a_part_that_is_taken_back_is_never_changed", "take_back_line"),
    ("what_a_note_put_in_is_never_changed", "put_in"),
    ("a_part_that_was_put_in_is_never_changed", "put_in_line"),
    ("a_payment_line_is_never_changed", "payment_line"),
]

_NEXT_ENTRY = {"seq": "3", "before": "110", "after": "before + amount", "cause_id": "NULL", "kind": "'correction'"}
_NEXT_ENTRY |= {"amount": "10", "after": "120", "previous_sha256": "sha256"}
_NO_ENTRIES = {"last_seq": "NULL", "head": "NULL"}
_ANOTHER_HASH = "sha256('another'::bytea)"
_ANOTHER = {"subscription_id": "{neighbour}", "settlement": "'nothing_due'", "choice": "'none'"}
_ANOTHER |= {"entry_id": "NULL", "credited": "NULL", "credit_note_id": "NULL"}
_NEW_CAUSE = {"cause_id": "gen_random_uuid()"}
_NEW_FORM = {"request_id": "gen_random_uuid()"}

# The refusal, the row that is copied, and in what the copy differs. Copies get a fresh uuid of their own.
ADDED = [
    # customers
    ("a_member_is_listed_once", "member", {}),
    ("a_search_key_is_kept_once", "search_key", {}),
    ("an_entry_has_its_own_place", "entry", {**_NEXT_ENTRY, "seq": "2", "before": "100", "after": "110"}),
    ("an_entry_follows_the_one_before", "entry", {**_NEXT_ENTRY, "seq": "4"}),
    ("an_entry_follows_the_one_before", "entry", {**_NEXT_ENTRY, "before": "109", "after": "119"}),
    ("an_entry_follows_the_one_before", "entry", {**_NEXT_ENTRY, "previous_sha256": _ANOTHER_HASH}),
    ("an_entry_names_the_hash_before_it", "entry", {**_NEXT_ENTRY, "previous_sha256": "NULL"}),
    ("an_entry_has_the_currency_of_its_account", "entry", {**_NEXT_ENTRY, "currency": "'JPY'"}),
    ("an_entry_adds_up", "entry", {**_NEXT_ENTRY, "after": "120.000001"}),
    ("the_first_entry_starts_at_zero", "entry", {**_NEXT_ENTRY, "seq": "1", "previous_sha256": "NULL"}),
    ("the_first_entry_starts_at_zero", "entry", {**_NEXT_ENTRY, "seq": "0", "before": "0", "after": "10"}),
    ("an_entry_moves_something", "entry", {**_NEXT_ENTRY, "amount": "0", "after": "110"}),
    ("an_entry_has_a_known_kind", "entry", {**_NEXT_ENTRY, "kind": "'gift'"}),
    ("a_refund_has_a_cause_and_adds", "entry", {**_NEXT_ENTRY, "kind": "'refund'"}),
    (
        "a_refund_has_a_cause_and_adds",
        "entry",
        {**_NEXT_ENTRY, **_NEW_CAUSE, "kind": "'refund'", "amount": "-10", "after": "100"},
    ),
    ("a_cause_is_refunded_once", "entry", {**_NEXT_ENTRY, "kind": "'refund'", "cause_id": "cause_id"}),
    ("what_a_note_puts_in_has_a_cause", "entry", {**_NEXT_ENTRY, "kind": "'credit_note'"}),
    ("a_form_posts_one_entry", "entry", {**_NEXT_ENTRY, "request_id": "request_id"}),
    ("an_account_opens_once", "entry", {**_NEXT_ENTRY, "kind": "'opening_balance'"}),
    ("a_balance_is_that_of_the_last_entry", "account", {"organisation_id": "{bare}"}),
    ("a_balance_without_entries_is_zero", "account", {"organisation_id": "{bare}", **_NO_ENTRIES}),
    (
        "an_account_has_the_currency_of_its_organisation",
        "account",
        {"organisation_id": "{bare}", **_NO_ENTRIES, "balance": "0", "currency": "'JPY'"},
    ),
    ("topup_has_the_currency_of_its_organisation", "top_up", {"entry_id": "{opening}", "currency": "'JPY'"}),
    ("a_top_up_has_an_entry_of_its_own", "top_up", {"entry_id": "{opening}"}),
    ("a_top_up_is_positive", "top_up", {"entry_id": "{opening}", "amount": "0"}),
    ("a_top_up_has_a_reason", "top_up", {"entry_id": "{opening}", "reason": "''"}),
    ("customers_topup_entry_id_key", "top_up", {}),
    # taking back
    ("a_form_takes_back_once", "take_back", {"request_id": "request_id"}),
    ("what_is_taken_back_is_positive", "take_back", {**_NEW_FORM, "amount": "0"}),
    ("only_a_payment_gives_back_a_surplus", "take_back", {**_NEW_FORM, "surplus": "2"}),
    ("a_payment_or_a_note_is_taken_back", "take_back", {**_NEW_FORM, "credit_note_id": "{note}"}),
    ("a_take_back_says_what_its_entry_moved", "take_back", {**_NEW_FORM, "moved": "1"}),
    ("a_take_back_has_a_reason", "take_back", {**_NEW_FORM, "reason": "''"}),
    ("takeback_has_the_currency_of_its_payment", "take_back", {**_NEW_FORM, "currency": "'JPY'"}),
    (
        "takeback_has_the_currency_of_its_credit_note",
        "take_back",
        {**_NEW_FORM, "payment_id": "NULL", "credit_note_id": "{stranger_note}"},
    ),
    ("a_take_back_has_its_own_entry", "take_back", {**_NEW_FORM, "entry_id": "{opening}", "moved": "1"}),
    ("a_part_that_is_taken_back_is_positive", "take_back_line", {"amount": "0"}),
    ("a_part_is_taken_back_of_one_row", "take_back_line", {"allocation_id": "{allocation}"}),
    ("a_row_is_taken_back_once_at_a_time", "take_back_line", {}),
    (
        "takebackline_has_the_currency_of_its_take_back",
        "take_back_line",
        {"take_back_id": "{other_take_back}", "currency": "'JPY'"},
    ),
    (
        "a_part_is_taken_back_of_its_own_payment_or_note",
        "take_back_line",
        {"take_back_id": "{note_take_back}"},
    ),
    (
        "never_more_is_taken_back_of_a_payment_than_there_was",
        "take_back_line",
        {"take_back_id": "{other_take_back}", "amount": "2.01"},
    ),
    (
        "never_more_is_taken_back_of_an_allocation_than_there_was",
        "take_back_line",
        {
            "take_back_id": "{note_take_back}",
            "payment_line_id": "NULL",
            "allocation_id": "{allocation}",
            "amount": "1000",
        },
    ),
    (
        "never_more_is_taken_back_of_a_put_in_than_there_was",
        "take_back_line",
        {
            "take_back_id": "{linked_take_back}",
            "payment_line_id": "NULL",
            "put_in_line_id": "{put_in_line}",
            "amount": "1000",
        },
    ),
    # invoicing
    ("an_invoice_has_its_own_number", "invoice", {}),
    (
        "an_invoice_has_its_own_place_in_the_series",
        "own_invoice",
        {"number": "'IN-9999999'"},
    ),
    ("chargeline_has_the_currency_of_its_invoice", "line", {"currency": "'JPY'"}),
    ("payment_has_the_currency_of_its_invoice", "payment", {"currency": "'JPY'"}),
    (
        "creditnote_has_the_currency_of_its_organisation",
        "note",
        {"organisation_id": "{stranger}", "invoice_id": "NULL", "number": "'CN-8'"},
    ),
    ("a_note_has_its_own_number", "note", {}),
    ("a_form_makes_one_note", "own_note", {"number": "'CN-9999999'", "request_id": "request_id"}),
    ("a_form_records_one_payment", "payment", {"request_id": "request_id"}),
    ("a_note_has_its_own_place_in_the_series", "own_note", {"number": "'CN-9999999'"}),
    ("paymentline_has_the_currency_of_its_line", "payment_line", {"line_id": "{stranger_line}"}),
    (
        "paymentline_has_the_currency_of_its_payment",
        "payment_line",
        {"line_id": "{stranger_line}", "currency": "'JPY'"},
    ),
    ("a_payment_line_is_positive", "payment_line", {"amount": "0", "line_id": "{neighbour_line}"}),
    ("a_payment_pays_a_charge_once", "payment_line", {"amount": "1"}),
    ("creditnoteline_has_the_currency_of_its_credit_note", "note_line", {"currency": "'JPY'", "line_id": "NULL"}),
    ("a_note_names_a_charge_once", "note_line", {"net": "1"}),
    ("a_note_names_charges_of_its_own_organisation", "note_line", {"line_id": "{others_line}", "net": "1"}),
    ("a_note_pays_charges_of_its_own_organisation", "allocation", {"line_id": "{others_line}", "amount": "1"}),
    ("the_lines_of_a_held_note_never_change", "linked_line", {"net": "0"}),
    (
        "creditnoteallocation_has_the_currency_of_its_credit_note",
        "allocation",
        {"currency": "'JPY'", "line_id": "{stranger_line}"},
    ),
    ("creditnoteallocation_has_the_currency_of_its_line", "allocation", {"line_id": "{stranger_line}"}),
    ("an_allocation_is_positive", "allocation", {"amount": "0"}),
    ("a_request_allocates_to_a_charge_once", "allocation", {"amount": "1", "request_id": "request_id"}),
    ("a_note_is_not_allocated_above_its_total", "allocation", {"amount": "3.01"}),
    ("a_hold_has_a_known_kind", "hold", {"kind": "'sits_on'", "credit_note_id": "{note}"}),
    ("a_note_settles_one_cause", "hold", _NEW_CAUSE),
    ("a_cause_is_settled_by_one_note", "hold", {"credit_note_id": "{note}"}),
    ("a_cause_holds_a_note_once", "hold", {"kind": "'taken_off'"}),
    ("a_note_settles_or_is_taken_off", "hold", {**_NEW_CAUSE, "kind": "'taken_off'"}),
    ("a_note_held_by_a_cause_is_not_voided", "hold", {**_NEW_CAUSE, "credit_note_id": "{own_note}"}),
    ("chargewaiver_has_the_currency_of_its_line", "waiver", {"line_id": "{stranger_line}"}),
    ("a_waiver_is_positive", "waiver", {**_NEW_CAUSE, "amount": "0"}),
    ("a_charge_is_waived_once_by_a_cause", "waiver", {"amount": "1"}),
    ("chargerefund_has_the_currency_of_its_line", "charge_refund", {"line_id": "{stranger_line}"}),
    ("a_charge_refund_is_positive", "charge_refund", {**_NEW_CAUSE, "net": "0"}),
    ("a_charge_refund_is_positive", "charge_refund", {**_NEW_CAUSE, "tax": "-1"}),
    ("a_charge_is_refunded_once_by_a_cause", "charge_refund", {"net": "1"}),
    (
        "creditnotestand_has_the_currency_of_its_credit_note",
        "stand",
        {"currency": "'JPY'", "line_id": "{stranger_line}"},
    ),
    ("creditnotestand_has_the_currency_of_its_line", "stand", {"line_id": "{stranger_line}"}),
    (
        "a_note_stands_for_charges_of_the_cause_that_holds_it",
        "stand",
        {**_NEW_CAUSE, "line_id": "{neighbour_line}"},
    ),
    ("what_a_note_stands_for_is_positive", "stand", {"line_id": "{neighbour_line}", "net": "0"}),
    ("a_note_stands_for_a_charge_once", "stand", {"net": "1"}),
    ("notes_waived_and_refunded_stay_within_the_charge", "stand", {"line_id": "{refund_line}", "net": "40.01"}),
    (
        "creditnoteputin_has_the_currency_of_its_credit_note",
        "put_in",
        {"credit_note_id": "{stranger_note}", "entry_id": "{opening}"},
    ),
    ("what_a_note_puts_in_has_its_own_entry", "put_in", {"entry_id": "{opening}"}),
    ("invoicing_creditnoteputin_entry_id_key", "put_in", {}),
    ("what_a_note_puts_in_is_positive", "put_in", {"entry_id": "{opening}", "amount": "0"}),
    (
        "a_form_puts_a_note_in_once",
        "put_in",
        {"request_id": "request_id", "amount": "1", "entry_id": "{opening}"},
    ),
    ("creditnoteputinline_has_the_currency_of_its_put_in", "put_in_line", {"currency": "'JPY'", "line_id": "NULL"}),
    ("creditnoteputinline_has_the_currency_of_its_line", "put_in_line", {"line_id": "{stranger_line}"}),
    ("a_part_that_is_put_in_is_positive", "put_in_line", {"amount": "0", "line_id": "NULL"}),
    ("a_charge_is_put_in_once_at_a_time", "put_in_line", {"amount": "1"}),
    (
        "refunded_and_put_in_stay_within_what_was_paid",
        "put_in_line",
        {"line_id": "{refund_line}", "amount": "40.01"},
    ),
    # the caps: charged 50; paid 22, notes 5, waived 5 on `line`; paid 50, refunded 10 on `refund_line`
    ("notes_waived_and_refunded_stay_within_the_charge", "waiver", {**_NEW_CAUSE, "amount": "40.01"}),
    ("notes_waived_and_refunded_stay_within_the_charge", "charge_refund", {**_NEW_CAUSE, "net": "40.01"}),
    (
        "notes_waived_and_refunded_stay_within_the_charge",
        "note_line",
        {"line_id": "{refund_line}", "net": "40.01"},
    ),
    ("paid_and_waived_stay_within_the_charge", "waiver", {**_NEW_CAUSE, "amount": "23.01"}),
    (
        "paid_and_waived_stay_within_the_charge",
        "payment_line",
        {"line_id": "{own_invoice_line}", "amount": "1.01"},
    ),
    ("paid_and_waived_stay_within_the_charge", "allocation", {"line_id": "{refund_line}", "amount": "0.01"}),
    (
        "refunded_and_put_in_stay_within_what_was_paid",
        "charge_refund",
        {**_NEW_CAUSE, "line_id": "{line}", "net": "22.01"},
    ),
    # subscriptions
    ("a_cycle_begins_once", "cycle", {}),
    (
        "two_cycles_of_a_subscription_never_share_a_day",
        "cycle",
        {"first_day": "day_after - 1", "day_after": "day_after + 9"},
    ),
    (
        "two_cycles_of_a_subscription_never_share_a_day",
        "cycle",
        {"first_day": "first_day - 9", "day_after": "first_day + 1"},
    ),
    (
        "two_cycles_of_a_subscription_never_share_a_day",
        "cycle",
        {"first_day": "first_day + 1", "day_after": "day_after - 1"},
    ),
    ("a_number_serves_it_once", "number", {"status": "'free'"}),
    ("a_number_serves_one_subscription", "number", {"subscription_id": "{neighbour}"}),
    ("a_member_is_assigned_once", "assignment", {}),
    # a termination and its settlement
    ("a_termination_has_a_known_case", "termination", {**_ANOTHER, "case": "'boredom'"}),
    (
        "a_termination_has_a_known_actor_kind",
        "termination",
        {**_ANOTHER, "actor_kind": "'ghost'", "case": "'expired'"},
    ),
    ("a_termination_has_a_known_choice", "termination", {**_ANOTHER, "choice": "'coin'"}),
    ("a_termination_has_a_known_channel", "termination", {**_ANOTHER, "channel": "'pigeon'"}),
    ("a_termination_ends_its_subscription", "termination", _ANOTHER),
    (
        "subscriptions_termination_subscription_id_key",
        "termination",
        {**_ANOTHER, "subscription_id": "subscription_id"},
    ),
    ("subscriptions_termination_quote_id_key", "termination", {**_ANOTHER, "quote_id": "quote_id"}),
    ("subscriptions_termination_credit_note_id_key", "by_note", {"subscription_id": "{neighbour}"}),
    ("a_termination_has_its_own_entry", "termination", {"subscription_id": "{neighbour}", "entry_id": "{opening}"}),
    (
        "a_termination_has_its_own_entry",
        "termination",
        {"subscription_id": "{neighbour}", "entry_id": "{opening}", "credited": "100"},
    ),
    (
        "a_termination_has_the_currency_of_its_organisation",
        "termination",
        {**_ANOTHER, "organisation_id": "{stranger}"},
    ),
    (
        "a_termination_links_a_note_of_its_organisation",
        "by_note",
        {"subscription_id": "{neighbour}", "credit_note_id": "{stranger_note}"},
    ),
    ("a_settlement_has_what_its_kind_says", "termination", {**_ANOTHER, "settlement": "'credited'"}),
    ("a_settlement_has_what_its_kind_says", "termination", {**_ANOTHER, "settlement": "'credit_note_linked'"}),
    ("a_settlement_has_what_its_kind_says", "termination", {**_ANOTHER, "settlement": "'a_handshake'"}),
    ("a_settlement_has_what_its_kind_says", "termination", {**_ANOTHER, "entry_id": "{opening}"}),
    ("a_settlement_has_what_its_kind_says", "termination", {**_ANOTHER, "credit_note_id": "{note}"}),
    ("a_settlement_has_what_its_kind_says", "termination", {**_ANOTHER, "credited": "5"}),
    ("a_settlement_has_what_its_kind_says", "termination", {"subscription_id": "{neighbour}", "credited": "0"}),
    (
        "a_settlement_has_what_its_kind_says",
        "termination",
        {"subscription_id": "{neighbour}", "credited": "NULL", "entry_id": "{opening}"},
    ),
    ("a_settlement_has_what_its_kind_says", "termination", {"subscription_id": "{neighbour}", "entry_id": "NULL"}),
    (
        "a_settlement_has_what_its_kind_says",
        "termination",
        {"subscription_id": "{neighbour}", "credit_note_id": "{note}"},
    ),
    (
        "a_settlement_has_what_its_kind_says",
        "by_note",
        {"subscription_id": "{neighbour}", "entry_id": "{opening}"},
    ),
    ("only_a_customer_request_is_refunded", "termination", {"subscription_id": "{neighbour}", "case": "'expired'"}),
    ("a_request_says_who_asked_when_and_why", "termination", {**_ANOTHER, "requested_by": "''"}),
    ("a_request_says_who_asked_when_and_why", "termination", {**_ANOTHER, "requested_on": "NULL"}),
    ("a_request_says_who_asked_when_and_why", "termination", {**_ANOTHER, "channel": "''"}),
    ("a_request_says_who_asked_when_and_why", "termination", {**_ANOTHER, "reason_id": "NULL"}),
    ("a_request_says_who_asked_when_and_why", "termination", {**_ANOTHER, "actor_kind": "'system'"}),
    ("a_person_explains_a_termination", "termination", {**_ANOTHER, "explanation": "''"}),
    ("a_person_explains_a_termination", "termination", {**_ANOTHER, "quote_id": "NULL"}),
    ("a_request_comes_before_its_termination", "termination", {**_ANOTHER, "requested_on": "terminated_on + 1"}),
    ("a_run_ends_what_has_expired", "termination", {**_ANOTHER, "clean_up_run_id": "{run}"}),
    ("a_run_ends_what_has_expired", "termination", {**_ANOTHER, "clean_up_run_id": "{run}", "case": "'expired'"}),
    ("a_run_fails_a_subscription_once", "failure", {"reason": "'once more'"}),
    ("a_run_holds_a_subscription_once", "held", {"days_expired": "31"}),
    # settings and outbox
    ("a_config_has_a_known_termination_method", "version", {"number": "99", "termination_method": "'duel'"}),
    ("a_config_names_its_refund_method", "version", {"number": "99", "refund_method": "''"}),
    ("a_currency_has_one_fee", "fee", {}),
    ("an_administrative_fee_is_not_negative", "fee", {"currency": "'XXX'", "amount": "-1"}),
    ("a_reason_has_its_own_label", "reason", {"code": "'another_code'"}),
    ("a_cause_has_one_message_of_a_kind", "message", {}),
]

# What a copy gets without being told, so that the keys nobody speaks of do not refuse it first.
_FRESH = {"uuid": "gen_random_uuid()", "message_id": "gen_random_uuid()", "request_id": "NULL"}
_FRESH_HERE = {"subscriptions_termination": {"quote_id": "gen_random_uuid()"}}


def _refused_by(statement: str) -> str:
    """Run a statement as if it were committed, and name what refused it."""
    with pytest.raises(IntegrityError) as refusal:
        _commit(statement)
    return refusal.value.__cause__.diag.constraint_name


@transaction.atomic
def _commit(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class _Keys(dict):
    """The primary keys of a world's rows, as a statement's `{name}` asks for them."""

    def __init__(self, world: SimpleNamespace) -> None:
        super().__init__()
        self.world = world

    def __missing__(self, name: str) -> object:
        made = {
            "bare": lambda: worlds.factories.Organisation.objects.create(
                name="Bare", country="SG", currency="SGD", timezone="Asia/Singapore"
            ),
            "others_line": lambda: worlds.factories.invoice(
                worlds.factories.OrganisationFactory(), amounts=[("9", "0")], paid=["0"]
            ).lines.get(),
            "earlier_version": lambda: worlds.PortalConfigVersion.objects.create(
                number=0, created_at=worlds.timezone.now()
            ),
            "stranger_note": lambda: worlds.factories.credit_note(self.world.stranger),
            "own_invoice_line": lambda: self.world.own_invoice.lines.get(),
        }
        return _Key(made[name]() if name in made else getattr(self.world, name))


class _Key:
    def __init__(self, row: object) -> None:
        self.row = row

    def __getattr__(self, name: str) -> "_Key":
        return _Key(getattr(self.row, name))

    def __str__(self) -> str:
        return str(self.row.pk)


def _copy(table: str, key: object, changes: dict[str, str]) -> str:
    """Write the INSERT of a copy that differs in some columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND is_generated = 'NEVER' AND column_name <> 'id'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
    assert set(changes) <= set(columns)
    changes = {**_FRESH, **_FRESH_HERE.get(table, {}), **changes}
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changes.get(name, f'"{name}"') for name in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE id = {key}"


def _ids(cases: list) -> list[str]:
    return [f"{case[0]}-{index}" for index, case in enumerate(cases)]


@pytest.mark.parametrize(("name", "row", "setting"), CHANGED, ids=_ids(CHANGED))
def test_a_change_is_refused(world, name, row, setting):
    setting = setting.format_map(_Keys(world))
    assert _refused_by(f"UPDATE {TABLES[row]} SET {setting} WHERE id = {getattr(world, row).pk}") == name


@pytest.mark.parametrize(("name", "row"), DELETED, ids=_ids(DELETED))
def test_a_deletion_is_refused(world, name, row):
    assert _refused_by(f"DELETE FROM {TABLES[row]} WHERE id = {getattr(world, row).pk}") == name


@pytest.mark.parametrize(("name", "row", "changes"), ADDED, ids=_ids(ADDED))
def test_an_addition_is_refused(world, name, row, changes):
    keys = _Keys(world)
    written = {column: value.format_map(keys) for column, value in changes.items()}
    assert _refused_by(_copy(TABLES[row], getattr(world, row).pk, written)) == name


HELD = "a_termination_holds_the_note_it_links"


def test_a_termination_holds_the_note_it_links(world):
    """Otherwise the note could be voided behind it."""
    copy = _copy(
        "subscriptions_termination",
        world.by_note.pk,
        {"subscription_id": str(world.neighbour.pk), "credit_note_id": str(world.note.pk)},
    )
    end = "UPDATE subscriptions_subscription s SET status = 'terminated', termination_ref = t.id FROM t"
    assert _refused_by(f"WITH t AS ({copy} RETURNING id) {end} WHERE s.id = {world.neighbour.pk}") == HELD


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ("entry", {**_NEXT_ENTRY}),
        ("hold", {**_NEW_CAUSE, "kind": "'taken_off'", "credit_note_id": "{note}"}),
        ("waiver", {**_NEW_CAUSE, "amount": "23"}),
        ("charge_refund", {**_NEW_CAUSE, "net": "40"}),
        ("cycle", {"first_day": "day_after", "day_after": "day_after + 30"}),
        ("allocation", {"amount": "3"}),
        ("termination", _ANOTHER),
    ],
)
def test_what_the_copies_start_from_is_legal(world, row, changes):
    """Refusals would prove nothing if the unbroken copy were refused as well; only the deferred keys are left."""
    written = {column: value.format_map(_Keys(world)) for column, value in changes.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_copy(TABLES[row], getattr(world, row).pk, written))
        cursor.execute("SELECT 1")
        transaction.set_rollback(True)


def test_a_new_entry_takes_its_account_along(world):
    with connection.cursor() as cursor:
        cursor.execute(_copy("customers_ledgerentry", world.entry.pk, _NEXT_ENTRY))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    world.account.refresh_from_db()
    assert (world.account.last_seq, world.account.balance) == (3, 120)


# Named for what other tables' composite keys point at; they refuse nothing that `id` alone would not.
HELPER_KEYS = {
    "organisation_and_currency",
    "account_and_currency",
    "an_entry_its_balance_and_hash",
    "an_entry_its_cause_and_amount",
    "invoice_and_currency",
    "charge_line_and_currency",
    "payment_and_currency",
    "put_in_and_currency",
    "take_back_and_currency",
    "note_and_currency",
    "note_and_organisation",
    "plan_and_currency",
    "subscription_and_termination",
    "termination_and_subscription",
}
# They keep sums, counts and states; tests/invoicing tries them.
BOOKKEEPING = {
    "sum_insert",
    "sum_update",
    "sum_delete",
    "sum_invoice",
    "sum_allocations",
    "sum_put_in",
    "take_back_surplus",
    "note_status_changed",
    "count_holds",
    "take_account_along",
    # They make the search tables of the keys; tests/customers/search/test_search_tables.py tries them.
    "search_keys_added",
    "search_keys_changed",
    "search_keys_removed",
    "a_search_text_is_made_of_its_keys",
    "a_search_word_is_made_of_a_search_text",
    # They hold what a transaction has marked and told; tests/audit/test_marks.py tries them.
    "note_entry",
    "a_mark_needs_its_audit_entry",
    "a_transaction_has_one_open_mark",
    "an_open_mark_is_kept_by_triggers",
}
# Nobody writes there but triggers: of search keys, whose writers are noticed, and of marked transactions.
MADE_BY_TRIGGERS = {"customers_searchtext", "customers_searchword", "audit_openmark"}
UNMARKED = {"unmarked_insert", "unmarked_update", "unmarked_delete"}
_OURS = r"^(audit|outbox|customers|invoicing|subscriptions|settings_app)_"
# What Django names by itself: primary and foreign keys, unique columns, and positive numbers.
_PLAIN = r"(_pkey|_key|_fk_|_uniq|_check$|_[0-9a-f]{8}$|_not_null$)"


def _names_in_the_database() -> dict[str, set[str]]:
    """Read every name that a person gave: *Shape*: name to tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE conrelid::regclass::text ~ %(ours)s
            UNION ALL
            SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index
            WHERE indisunique AND indrelid::regclass::text ~ %(ours)s
            UNION ALL
            SELECT tgname, tgrelid::regclass::text FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text ~ %(ours)s
            """,
            {"ours": _OURS},
        )
        found: dict[str, set[str]] = {}
        for name, table in cursor.fetchall():
            if not re.search(_PLAIN, name):
                found.setdefault(name, set()).add(table)
    return found


def test_no_trigger_joins_the_rows_before_and_after():
    """A plan is kept from its first call, which may be about no row at all, and would compare each with each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prorettype = 'trigger'::regtype AND prosrc ~* 'JOIN +(old|new)_rows'"
        )
        assert cursor.fetchall() == []


def test_every_name_is_tried():
    tried = {case[0] for case in (*CHANGED, *DELETED, *ADDED)} | {HELD}
    # A table needs a trigger for each verb; what it refuses has one name.
    found = {re.sub(r"_(insert|update|delete)$", "", n) if n[:-7] in tried else n for n in _names_in_the_database()}
    assert sorted(found - tried - HELPER_KEYS - BOOKKEEPING - UNMARKED) == []
    assert sorted(HELPER_KEYS - found) == []
    assert sorted(name for name in tried - found if not re.search(_PLAIN, name)) == []


def test_every_code_is_one_of_those_that_are_known():
    """A field that has choices is held to them by a CHECK, not by forms alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
        )
        checks = cursor.fetchall()
    free = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.db_table in TABLES.values()
        for field in model._meta.local_concrete_fields
        if field.choices
        and not any(
            table == model._meta.db_table
            and field.column in check
            and all(f"'{value}'" in check for value, _ in field.flatchoices if value)
            for table, check in checks
        )
    ]
    assert free == []


def test_every_table_notices_a_write_from_outside():
    found = _names_in_the_database()
    tables = {model for model in TABLES.values() if model != "audit_auditentry"}
    assert {name: tables - found[name] for name in UNMARKED} == {name: set() for name in UNMARKED}


def test_the_world_has_a_row_of_every_table():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", [_OURS])
        assert {name for (name,) in cursor.fetchall()} == set(TABLES.values()) | MADE_BY_TRIGGERS
