"""What the refusals of the demo tell."""

import pytest

from portal.demo import removal, store
from tests.support import refusals

EMPTY_ONLY = "nothing was added. Demo data goes only into an empty portal."
ELSEWHERE = (
    "nothing was removed. The demo goes only where it is all there is, so import real customers into another "
    "database; until then, ./run changepassword gives the demo's staff other passwords."
)
TABLE = [
    (
        store.NotEmpty(staff=1, customers=1200),
        "not_empty",
        f"There are 1,200 organisations and 1 members of staff: {EMPTY_ONLY}",
    ),
    (
        store.NotEmpty(staff=2, customers=0),
        "not_empty",
        f"There are 0 organisations and 2 members of staff: {EMPTY_ONLY} With --force the customers alone are "
        "added.",
    ),
    (
        removal.OtherCustomers(1, may_be_old_demo=False),
        "other_customers",
        f"1 customer is not of the demo: {ELSEWHERE}",
    ),
    (
        removal.OtherCustomers(1200, may_be_old_demo=False),
        "other_customers",
        f"1,200 customers are not of the demo: {ELSEWHERE}",
    ),
    (
        removal.NothingToRemove(),
        "nothing_to_remove",
        "There are no customers, and no staff of the demo: nothing was removed.",
    ),
    (
        removal.NotTheOwner(),
        "not_the_owner",
        "Only the owner of the tables can empty them, and this role of the database is another: nothing was "
        "removed. Name the owner in DATABASE_OWNER_URL for this one command.",
    ),
]


@pytest.mark.parametrize(("refusal", "code", "words"), TABLE)
def test_what_it_tells(refusal, code, words):
    assert refusals.told(refusal) == (code, 409, "", words)


def test_all_are_here():
    assert {type(row[0]) for row in TABLE} == refusals.coded("portal.demo")
