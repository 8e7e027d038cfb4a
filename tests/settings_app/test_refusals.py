"""What the refusals of the settings tell."""

import pytest

from settings_app import operations, selectors
from tests.support import refusals

REASON = selectors.ReasonRow(1, "merged", "Merged", needs_ticket=False, is_active=True, position=9)
TABLE = [
    (operations.ReasonChanged(REASON), "reason_changed", 409, "", "The reason merged was changed meanwhile."),
    (operations.CodeTaken(), "reason_code_taken", 422, "code", "Another reason has this code."),
    (operations.LabelTaken(), "reason_label_taken", 422, "label", "Another reason has this label."),
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
