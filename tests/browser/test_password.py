"""The page of one's own password, as people meet it."""

import pytest


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_password_is_changed_from_the_menu(visit, check_axe, shot, width, theme):
    page = visit("agent", width=width, theme=theme)
    page.goto("/customers/")
    page.locator(".user-menu summary").click()
    page.get_by_role("link", name="Change password").click()
    page.get_by_role("heading", name="Change password").wait_for()
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password", exact=True).fill("a-quiet-harbour-7")
    page.get_by_label("New password, once more").fill("a-quiet-harbour-7")
    page.get_by_role("button", name="Change password").click()
    page.get_by_text("This is not your present password.").wait_for()
    check_axe(page)
    shot(page, f"password-{width}-{theme}")
    page.get_by_label("Present password").fill("secret-word-1")
    page.get_by_label("New password", exact=True).fill("a-quiet-harbour-7")
    page.get_by_label("New password, once more").fill("a-quiet-harbour-7")
    page.get_by_role("button", name="Change password").click()
    page.get_by_text("Your password was changed.").wait_for()
    check_axe(page)
