"""What the refusals about staff and their filters tell."""

from portal.staff.operations import accounts, saved_filters
from tests.support import refusals


def test_what_they_tell():
    assert refusals.told(accounts.UsernameTaken("maria")) == (
        "username_taken",
        422,
        "username",
        "There is somebody with the username “maria” already.",
    )
    assert refusals.told(saved_filters.TooMany(50)) == (
        "too_many_filters",
        409,
        "",
        "You keep 50 filters of this list already: remove one first.",
    )
    assert refusals.coded("portal.staff") == {accounts.UsernameTaken, saved_filters.TooMany}
