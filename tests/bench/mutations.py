"""`./test mutations`: break the product on purpose, one guard at a time, and see that a named test notices.

Each mutation changes one place in a copy of the sources, and its test is run there, on a database made by the
copy's migrations. A test that still passes, or a place that is no longer there, is a hole in the net. The tests are
run unbroken first: one that fails anyway proves nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from portal import embedded

FAILED = 1
"""What pytest ends with when tests failed; anything else is an error of its own."""
SOURCES = ("portal", "customers", "subscriptions", "invoicing", "settings_app", "templates", "static", "tests")
FILES = ("manage.py", "pyproject.toml")


@dataclass(frozen=True)
class Mutation:
    """Say what is broken: in `file`, `old` (found once) becomes `new`, and `test` has to fail."""

    name: str
    file: str
    old: str
    new: str
    test: str


MUTATIONS = (
    Mutation(
        "the subscription is not locked",
        "subscriptions/operations/termination.py",
        'Subscription.objects.select_for_update(no_key=True, of=("self",))',
        "Subscription.objects.all()",
        "tests/subscriptions/test_races.py::test_eight_agents_one_subscription_one_refund",
    ),
    Mutation(
        "the account is not locked",
        "customers/operations.py",
        "CreditAccount.objects.select_for_update(no_key=True).get(organisation_id=organisation_id)",
        "CreditAccount.objects.get(organisation_id=organisation_id)",
        "tests/subscriptions/test_races.py::test_two_refunds_into_one_account_add_up",
    ),
    Mutation(
        "what was seen is not compared",
        "subscriptions/operations/termination.py",
        "if quotes.document(quote) != seen.document:",
        "if False:",
        "tests/subscriptions/test_terminate.py::test_a_payment_after_the_preview_changes_the_quote",
    ),
    Mutation(
        "the same seal again is not recognised",
        "subscriptions/operations/termination.py",
        "if before.quote_id == seen.quote_id and before.actor_user_id == by.user_id:",
        "if False:",
        "tests/subscriptions/test_terminate.py::test_the_same_seal_twice_gives_the_first_answer",
    ),
    Mutation(
        "another user's seal is taken for one's own",
        "subscriptions/operations/termination.py",
        "if before.quote_id == seen.quote_id and before.actor_user_id == by.user_id:",
        "if before.quote_id == seen.quote_id:",
        "tests/subscriptions/test_terminate.py::test_another_seal_or_another_user_is_refused_with_who_and_when",
    ),
    Mutation(
        "a sent note needs no acknowledgement",
        "subscriptions/operations/settlements.py",
        "if missing:",
        "if False:",
        "tests/subscriptions/test_terminate.py::test_automatic_refund_beside_a_sent_note_needs_an_acknowledgement",
    ),
    Mutation(
        "a chosen note is not held",
        "subscriptions/operations/settling.py",
        "settles=note.note_id,",
        "settles=None,",
        "tests/subscriptions/test_terminate.py::test_a_note_settles_one_termination_only",
    ),
    Mutation(
        "notes don't count towards the cap of a charge",
        "invoicing/migrations/0001_initial.py",
        'models.F("noted"), "+", models.F("waived")',
        'models.F("waived"), "+", models.F("waived")',
        "tests/architecture/test_constraints.py::test_a_change_is_refused",
    ),
    Mutation(
        "a cause can be refunded twice",
        "customers/migrations/0001_initial.py",
        'fields=("cause_id",),\n                        name="a_termination_is_refunded_once",',
        'fields=("id",),\n                        name="a_termination_is_refunded_once",',
        "tests/customers/test_operations.py::test_a_termination_is_refunded_once",
    ),
    Mutation(
        "a form can post two entries",
        "customers/migrations/0001_initial.py",
        'fields=("request_id",),\n                        name="a_form_posts_one_entry"',
        'fields=("id",),\n                        name="a_form_posts_one_entry"',
        "tests/architecture/test_constraints.py::test_an_addition_is_refused",
    ),
    Mutation(
        "an operation can be a part of a larger transaction",
        "portal/audit/operations.py",
        "transaction.atomic(durable=True)",
        "transaction.atomic()",
        "tests/audit/test_operation.py::test_an_operation_is_never_part_of_a_larger_transaction",
    ),
    Mutation(
        "no message is written with a termination",
        "subscriptions/operations/records.py",
        'effects |= {"notifications": _WRITE_NOTIFICATIONS}',
        "pass",
        "tests/subscriptions/test_terminate.py::test_the_message_goes_where_the_config_says",
    ),
    Mutation(
        "the hash forgets the one before it",
        "customers/migrations/0001_initial.py",
        'models.Func(models.F("previous_sha256"), models.Value("hex"), function="encode"),',
        'models.Value(""),',
        "tests/subscriptions/test_chain.py::test_the_hash_is_that_of_the_text_in_the_documentation",
    ),
    Mutation(
        "the clean-up ends a subscription a day early",
        "subscriptions/operations/due.py",
        "o.today - s.expires_on > %(kept)s",
        "o.today - s.expires_on >= %(kept)s",
        "tests/subscriptions/test_terminate_expired.py::test_each_zone_has_its_own_today",
    ),
    Mutation(
        "a note pays the charges in the invoice's order",
        "invoicing/policies.py",
        "return tuple(sorted(charges, key=lambda charge: charge.line_id not in named))",
        "return tuple(charges)",
        "tests/subscriptions/test_named_charges.py::test_a_named_charge_is_paid_first_and_the_refund_is_what_was_paid",
    ),
    Mutation(
        "what billing says of a payment's charges is not asked",
        "invoicing/operations/payments.py",
        "return policies.with_parts(amount, over=charges, parts=by_charge)",
        "return policies.with_parts(amount, over=charges, parts={})",
        "tests/invoicing/test_operations.py::test_a_payment_goes_where_billing_says_and_its_rest_in_order",
    ),
    Mutation(
        "what is received above the open amount asks nobody",
        "invoicing/operations/payments.py",
        "if surplus != into_credits:",
        "if False:",
        "tests/invoicing/test_operations.py::test_only_what_billing_agreed_to_goes_into_available_credits",
    ),
    Mutation(
        "a second payment like the first asks nobody",
        "invoicing/operations/payments.py",
        "if not is_another:",
        "if False:",
        "tests/invoicing/test_operations.py::test_a_payment_like_an_earlier_one_is_asked_about",
    ),
    Mutation(
        "the double click on Void is refused",
        "invoicing/operations/credit_notes.py",
        "if note.voiding_request_id == request_id:",
        "if False:",
        "tests/invoicing/test_views.py::test_a_note_is_voided_while_nothing_is_allocated",
    ),
    Mutation(
        "a correction above what was charged asks nobody",
        "subscriptions/operations/corrections.py",
        "if given.is_above(amount):",
        "if False:",
        "tests/subscriptions/test_corrections.py::test_a_correction_above_what_was_charged_asks",
    ),
    Mutation(
        "a note after a correction asks nobody",
        "invoicing/operations/credit_notes.py",
        "            if questions:",
        "            if False:",
        "tests/subscriptions/test_corrections.py::test_a_note_after_a_correction_asks_before_it_is_sent",
    ),
    Mutation(
        "an import does not count corrections",
        "subscriptions/importing/checking/credit_notes.py",
        "g.back + k.corrected",
        "g.back",
        "tests/subscriptions/importing/test_import_corrections.py"
        "::test_an_import_refuses_what_corrections_leave_no_room_for",
    ),
    Mutation(
        "a balance that has moved on is posted to all the same",
        "customers/operations.py",
        "if seen_seq is not None and seen_seq != (account.last_seq or 0):",
        "if False:",
        "tests/customers/test_views.py::test_an_entry_that_came_in_meanwhile_shows_the_new_balance",
    ),
    Mutation(
        "a note stands for no charge",
        "subscriptions/operations/settling.py",
        "stands=notes.stands(note, refund=quote.refund, currency=quote.currency),",
        "stands=(),",
        "tests/subscriptions/test_never_twice.py::test_a_note_that_names_nothing_stands_for_the_charges_it_settles",
    ),
    Mutation(
        "a note stands for more than what is left of a charge",
        "subscriptions/notes.py",
        "part = min(rest, charge.left)",
        "part = min(rest, charge.charged)",
        "tests/subscriptions/test_never_twice.py"
        "::test_a_note_stands_for_charges_in_the_order_of_the_quote_up_to_what_is_left",
    ),
    Mutation(
        "what a note stands for counts towards no cap",
        "invoicing/migrations/0006_settling_notes.py",
        """("invoicing_creditnotestand", "invoicing_sum_rows('noted')"),""",
        "",
        "tests/subscriptions/test_never_twice.py::test_a_note_that_names_nothing_stands_for_the_charges_it_settles",
    ),
    Mutation(
        "a free note with the sum of the refund is no candidate",
        "subscriptions/selectors/credit_notes.py",
        "n.total = ANY(%(sums)s::numeric[])",
        "n.total < 0 AND n.total = ANY(%(sums)s::numeric[])",
        "tests/subscriptions/test_never_twice.py::test_a_free_note_with_the_sum_of_the_refund_is_a_candidate",
    ),
    Mutation(
        "the day of asking is forgotten",
        "subscriptions/operations/termination.py",
        "asked_on=requests.asked_on(request))",
        "asked_on=None)",
        "tests/subscriptions/test_never_twice.py"
        "::test_a_free_note_with_the_sum_of_the_day_of_asking_is_a_candidate",
    ),
    Mutation(
        "a note that names a twin is no candidate",
        "subscriptions/selectors/credit_notes.py",
        "c.net = o.net AND c.tax = o.tax",
        "c.net = o.net + 1 AND c.tax = o.tax",
        "tests/subscriptions/test_never_twice.py::test_a_note_that_names_the_twin_is_shown_and_confirmed",
    ),
    Mutation(
        "a note above what another termination needed is no candidate",
        "subscriptions/selectors/credit_notes.py",
        "AND n.holds > 0",
        "AND n.holds > 1",
        "tests/subscriptions/test_never_twice.py::test_a_note_above_what_another_termination_needed_is_a_candidate",
    ),
    Mutation(
        "a note for what comes to nothing needs no acknowledgement",
        "subscriptions/acknowledgements.py",
        "if note.gives_nothing_today:",
        "if False:",
        "tests/subscriptions/test_never_twice.py::test_last_months_goodwill_is_not_taken_for_this_refund",
    ),
    Mutation(
        "the further notes with the same sum need no acknowledgement",
        "subscriptions/acknowledgements.py",
        "if quote.further_candidates:",
        "if False:",
        "tests/subscriptions/test_never_twice.py::test_of_many_notes_with_the_same_sum_five_are_named",
    ),
    Mutation(
        "a chosen note is not compared with what was offered",
        "subscriptions/operations/termination.py",
        "!= seen.offered[choice.number]:",
        "== '':",
        "tests/subscriptions/test_never_twice.py::test_a_chosen_note_that_changed_since_it_was_offered_is_refused",
    ),
    Mutation(
        "a note that was not offered can be chosen",
        "subscriptions/operations/termination.py",
        "or choice.number not in seen.offered:",
        "or False:",
        "tests/subscriptions/test_never_twice.py::test_a_note_that_was_not_offered_is_refused",
    ),
    Mutation(
        "a note that is used pays its other charges first",
        "invoicing/policies.py",
        "for line_id in dict.fromkeys((*named, *stood, *others))",
        "for line_id in dict.fromkeys((*others, *named, *stood))",
        "tests/subscriptions/test_use_the_note.py"
        "::test_it_pays_what_it_names_then_what_it_stands_for_then_the_other_charges",
    ),
    Mutation(
        "more of a charge is put in than was paid",
        "invoicing/policies.py",
        "part = min(rest, charge.given, charge.room)",
        "part = min(rest, charge.given)",
        "tests/subscriptions/test_use_the_note.py"
        "::test_a_note_is_put_in_at_most_by_what_it_gives_back_and_what_was_paid",
    ),
    Mutation(
        "what an imported note puts in goes on the monthly invoice",
        "invoicing/operations/note_use.py",
        'note.organisation.payment_mode == "postpaid" and not is_imported',
        'note.organisation.payment_mode == "postpaid"',
        "tests/subscriptions/test_use_the_note.py::test_postpaid_is_unbilled_but_never_for_an_imported_note",
    ),
    Mutation(
        "anybody uses a note at once",
        "subscriptions/flow/choosing.py",
        "if is_asked and not request.user.has_perm(MAY_USE):",
        "if False:",
        "tests/subscriptions/test_use_the_note.py::test_billing_is_offered_the_box_and_agents_are_not",
    ),
    Mutation(
        "a balance beyond what an account holds is no sentence",
        "subscriptions/operations/settling.py",
        "        ).pk\n    except customers_operations.BalanceOutOfRange as refusal:",
        "        ).pk\n    except ZeroDivisionError as refusal:",
        "tests/subscriptions/test_never_twice.py::test_a_balance_that_no_account_holds_is_a_sentence",
    ),
    Mutation(
        "the clean-up ends what may only have missed its renewal",
        "subscriptions/operations/due.py",
        "    s.auto_renew AND NOT s.is_trial",
        "    false AND NOT s.is_trial",
        "tests/subscriptions/test_clean_up_command.py::test_what_may_only_have_missed_its_renewal_is_held",
    ),
    Mutation(
        "the clean-up ends whatever the number, without a limit",
        "subscriptions/operations/expire.py",
        "    if found <= MOST:",
        "    if found >= 0:",
        "tests/subscriptions/test_clean_up_command.py"
        "::test_without_a_limit_a_run_in_which_much_is_due_does_nothing",
    ),
    Mutation(
        "a quote's lines are not computed again",
        "subscriptions/verification/quoted/comparing.py",
        "        if value != again[name]:",
        "        if False:",
        "tests/subscriptions/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "what was refunded is not held against the quote",
        "subscriptions/verification/quoted/comparing.py",
        "            if kept.get(line_id) != wanted.get(line_id):",
        "            if False:",
        "tests/subscriptions/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "an imported row is not hashed again",
        "subscriptions/verification/checks/imported.py",
        "{' AND '.join(found)}",
        "false",
        "tests/subscriptions/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "a settling note need not stand for its charges",
        "subscriptions/verification/quoted/comparing.py",
        "    if missing > 0:",
        "    if False:",
        "tests/subscriptions/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "the hash of a termination leaves its quote out",
        "subscriptions/migrations/0006_hash_of_a_termination.py",
        'django.db.models.functions.comparison.Cast("quote", models.TextField())',
        'django.db.models.functions.comparison.Cast("currency", models.TextField())',
        "tests/subscriptions/test_termination_hash.py::test_the_hash_is_that_of_the_text_in_the_documentation",
    ),
    Mutation(
        "a take-back passes what a refund gave back",
        "invoicing/operations/taking_back.py",
        "if came_back > line.paid - paid[line.pk]:",
        "if False:",
        "tests/invoicing/test_taking_back.py::test_what_a_refund_gave_back_is_never_taken_away",
    ),
    Mutation(
        "Available Credits need not cover what is taken back",
        "invoicing/operations/taking_back.py",
        "if moved < 0 and -moved > available:",
        "if False:",
        "tests/invoicing/test_taking_back.py::test_a_surplus_that_was_spent_stays",
    ),
    Mutation(
        "more is taken back than there is",
        "invoicing/operations/taking_back.py",
        "    if amount > left:",
        "    if False:",
        "tests/invoicing/test_taking_back.py::test_a_payment_is_taken_back_by_charge_and_in_parts",
    ),
    Mutation(
        "a payment by Available Credits does not go back there",
        "invoicing/operations/taking_back.py",
        "moved = amount - surplus if is_by_credits else -surplus",
        "moved = -surplus",
        "tests/invoicing/test_taking_back.py::test_a_payment_by_available_credits_goes_back_there",
    ),
)


def copied(to: Path) -> Path:
    """Copy the sources, and nothing that running them left behind."""
    for name in SOURCES:
        shutil.copytree(embedded.ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(embedded.ROOT / name, to / name)
    return to


def ended_with(root: Path, *tests: str) -> tuple[int, str]:
    """Run tests in a copy. Gives pytest's exit status and what it printed."""
    ended = subprocess.run(
        [sys.executable, "-P", "portal/embedded.py", "exec", sys.executable, "-m", "pytest"]
        + ["--create-db", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=root,
        env={
            **os.environ,
            "PORTAL_DATA": str(embedded.data_directory()),
            "PORTAL_TEST_DB": "test_mutations",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout + ended.stderr


def verdict(mutation: Mutation) -> str:
    """Break a copy and run its test. Gives "" when the test noticed, else what is wrong."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        root = copied(Path(directory))
        place = root / mutation.file
        text = place.read_text()
        if text.count(mutation.old) != 1:
            return f"the place is there {text.count(mutation.old)} times, not once"
        place.write_text(text.replace(mutation.old, mutation.new))
        status, printed = ended_with(root, mutation.test)
    if status == FAILED and "\nFAILED " in printed:
        return ""
    if status == 0:
        return "the test passes all the same"
    return f"the test did not run: {printed.strip().splitlines()[-1] if printed.strip() else status}"


def main(arguments: list[str]) -> int:
    """Read the arguments, break and look, print."""
    parser = argparse.ArgumentParser(prog="./test mutations", description="See that tests notice what is broken.")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutations whose name holds a word")
    options = parser.parse_args(arguments)
    chosen = [one for one in MUTATIONS if not options.words or any(word in one.name for word in options.words)]
    if not chosen:
        parser.error("no mutation's name holds any of these words")
    tests = sorted({one.test for one in chosen})
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        status, printed = ended_with(copied(Path(directory)), *tests)
    if status:
        print(printed[-3000:], file=sys.stderr)
        print("The tests fail without any mutation: see above.", file=sys.stderr)
        return 1
    missed = {}
    for mutation in chosen:
        started = time.monotonic()
        wrong = verdict(mutation)
        if wrong:
            missed[mutation.name] = wrong
        line = f"{'MISSED' if wrong else 'caught'}  {mutation.name}: {wrong or mutation.test}"
        print(f"{line} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    if options.json:
        result = {"mutations": len(chosen), "caught": len(chosen) - len(missed), "missed": missed}
        print(json.dumps(result, indent=2))
    else:
        print(f"{len(chosen)} mutations, {len(chosen) - len(missed)} caught, {len(missed)} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
