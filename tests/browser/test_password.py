"""The page of one's own password, as people meet it."""

import pytest

from tests.browser.looks import WALKED


@pytest.mark.parametrize("width", WALKED)
def test_the_password_is_changed_from_the_menu(visit, look, width):
    page = visit("agent", width=width)
    page.goto("/customers/")
    page.locator(".user-menu summary").click()
    page.get_by_role("link", name="Change password").click()
    page.get_by_role("heading", name="Change password").wait_for()
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password", exact=True).fill("a-quiet-harbour-7")
    page.get_by_label("New password, once more").fill("a-quiet-harbour-7")
    page.get_by_role("button", name="Change password").click()
    page.get_by_text("This is not your present password.").wait_for()
    look(page, "password")
    page.get_by_label("Present password").fill("secret-word-1")
    page.get_by_label("New password", exact=True).fill("a-quiet-harbour-7")
    page.get_by_label("New password, once more").fill("a-quiet-harbour-7")
    page.get_by_role("button", name="Change password").click()
    page.get_by_text("Your password was changed.").wait_for()
    look(page, "password-changed")
