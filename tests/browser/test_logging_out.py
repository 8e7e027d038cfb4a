"""After a log-out the browser's Back shows nothing of what was seen."""

import pytest

from tests.support import factories


@pytest.mark.parametrize("javascript", [True, False])
def test_back_after_a_log_out_shows_the_log_in(visit, javascript):
    organisation = factories.subscription().organisation
    page = visit("agent", javascript=javascript)
    page.goto(f"/customers/{organisation.uuid}/")
    page.get_by_role("heading", name=organisation.name).first.wait_for()
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/log-in/")
    page.go_back()
    page.get_by_role("heading", name="Log in").wait_for()
    assert organisation.name not in page.content()
    assert "/log-in/?next=" in page.url


def test_static_files_are_kept(visit, live_server):
    page = visit("agent")
    answer = page.goto("/static/css/portal.css")
    assert "no-store" not in (answer.headers.get("cache-control") or "")
