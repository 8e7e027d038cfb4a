"""What the refusals of the settings tell."""

from datetime import date

import pytest

from settings_app import operations, selectors
from settings_app.operations import tax_rates
from tests.support import refusals

REASON = selectors.ReasonRow(1, "merged", "Merged", needs_ticket=False, is_active=True, position=9)
TABLE = [
    (operations.ReasonChanged(REASON), "reason_changed", 409, "", "The reason merged was changed meanwhile."),
    (operations.CodeTaken(), "reason_code_taken", 422, "code", "Another reason has this code."),
    (operations.LabelTaken(), "reason_label_taken", 422, "label", "Another reason has this label."),
    (
        tax_rates.RateTaken(country="SG", begins_on=date(2024, 1, 1)),
        "tax_rate_taken",
        422,
        "begins_on",
        "SG has another rate from 1 January 2024 on; expected another day, or withdraw that one first if it has "
        "not begun.",
    ),
    (
        tax_rates.RateHasBegun(country="SG", begins_on=date(2024, 1, 1)),
        "tax_rate_has_begun",
        409,
        "",
        "The rate of SG from 1 January 2024 on has begun, in some time zone at least. It stays; add one that "
        "begins on a later day.",
    ),
]


@pytest.mark.parametrize(("refusal", "code", "status", "field", "words"), TABLE)
def test_what_it_tells(refusal, code, status, field, words):
    assert refusals.told(refusal) == (code, status, field, words)


@pytest.mark.django_db
def test_a_config_that_was_saved_meanwhile():
    refusal = operations.ConfigChanged(seen_version=0, current=selectors.current_config())
    assert refusals.told(refusal) == ("config_changed", 409, "", "Version 0 was shown, version 1 is in force.")


def test_all_are_here():
    assert {type(row[0]) for row in TABLE} | {operations.ConfigChanged} == refusals.coded("settings_app")
