"""The table of actions: its addresses ask for its permissions, and the page of the docs says what it says."""

import re

import pytest

from portal import embedded
from portal.staff import roles
from subscriptions.record import actions
from tests.support.addresses import TABLE

PAGE = embedded.ROOT / "docs" / "actions.md"
ROW = re.compile(r"^\| \*\*(?P<label>[^*|]+)\*\* \| (?P<says>[^|]+) \| (?P<roles>[^|]+) \|", re.MULTILINE)


@pytest.mark.parametrize("action", actions.ACTIONS, ids=lambda action: action.code)
def test_its_address_asks_for_its_permission(action):
    row, methods = TABLE[action.address]
    assert row == "running"
    permission, _ = methods["POST" if action.fields else "GET"]
    assert permission == action.permission


def test_every_action_has_a_code_of_its_own():
    codes = [action.code for action in actions.ACTIONS]
    assert len(set(codes)) == len(codes)


def test_the_page_of_the_docs_has_each_action_and_who_may():
    """A superuser may everything."""
    told = {found["label"]: (found["says"], found["roles"]) for found in ROW.finditer(PAGE.read_text())}
    assert told == {
        action.label: (
            action.says,
            ", ".join([roles.LABELS[role] for role, may in roles.ROLES.items() if action.permission in may]),
        )
        for action in actions.ACTIONS
    }
