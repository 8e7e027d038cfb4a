"""The record of a termination: what was asked, done and shown before."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "the record names the ticket as who asked",
        "subscriptions/record/selectors/terminations.py",
        'details.Term("Requested by", termination.requested_by)',
        'details.Term("Requested by", termination.ticket)',
        "tests/subscriptions/record/test_record_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the record's day of asking is the day of the end",
        "subscriptions/record/selectors/terminations.py",
        'details.Term("Requested on", days.display(termination.requested_on))',
        'details.Term("Requested on", days.display(termination.terminated_on))',
        "tests/subscriptions/record/test_record_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the record shows a refund among the corrections",
        "subscriptions/record/selectors/terminations.py",
        "            if entry.kind == LedgerEntry.Kind.CORRECTION\n",
        "",
        "tests/subscriptions/record/test_record_shows.py::test_the_figures_are_those_of_what_was_written",
    ),
    Mutation(
        "a correction is offered to who may not post one",
        "subscriptions/record/views.py",
        'request.user.has_perm("customers.post_correction")',
        'request.user.has_perm("subscriptions.view_subscription")',
        "tests/subscriptions/record/test_record_shows.py::test_a_correction_is_offered_to_who_may_post_one",
    ),
    Mutation(
        "the record of a note's refund says it was applied",
        "subscriptions/record/selectors/terminations.py",
        "    if termination.credit_note:\n        return (",
        "    if False:\n        return (",
        "tests/subscriptions/record/test_record_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the record does not say that Allow Refund was off",
        "subscriptions/record/selectors/terminations.py",
        'if not termination.quote or not termination.quote["terms"]["allow_refund"]:',
        "if False:",
        "tests/subscriptions/record/test_record_shows.py::test_the_figures_are_those_of_what_was_written",
    ),
    Mutation(
        "the record leads to no credit note",
        "templates/subscriptions/record/_termination.html",
        "{% if record.credit_note_uuid %}",
        "{% if record.corrections %}",
        "tests/subscriptions/record/test_record_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the record names the settings' row, not their version",
        "subscriptions/record/selectors/terminations.py",
        'f"Version {termination.config_version.number}"',
        'f"Version {termination.config_version.pk + 1}"',
        "tests/subscriptions/record/test_record_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "the record is told in UTC alone",
        "subscriptions/record/selectors/terminations.py",
        "there = days.wall_clock(termination.organisation.timezone, at=at)",
        "there = at",
        "tests/subscriptions/record/test_record_shows.py::test_every_term_has_its_own_value",
    ),
    Mutation(
        "what ended before the move is told as a refund of nothing",
        "subscriptions/termination/words/told.py",
        'if termination.case == "ended_before_move":',
        "if False:",
        "tests/importing/test_import.py::test_what_ended_before_the_move_is_told_as_that",
    ),
    Mutation(
        "what is waived is told as owed",
        "subscriptions/termination/words/told.py",
        'f"{amount(item.amount)} was waived on {item.invoice}." for item in figures.by_invoice(done.waived)',
        'f"{amount(item.amount)} was waived on {item.invoice}." for item in found.owed',
        "tests/subscriptions/record/test_record_shows.py::test_the_figures_are_those_of_what_was_written",
    ),
)
