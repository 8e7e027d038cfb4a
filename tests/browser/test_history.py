"""Back and Forward: the list stays, the sidebar goes and comes."""

import re

from playwright.sync_api import Page, expect

from tests.support import factories
from tests.support.browsing import running


def shows(page: Page, *, uuid: object) -> None:
    """Expect the list, and beside it one subscription, or none."""
    expect(page.locator("#subscriptions")).to_be_visible()
    if uuid:
        expect(page).to_have_url(re.compile(f"/subscriptions/{uuid}/$"))
        expect(page.locator("#sidebar")).to_contain_text(str(uuid))
        expect(page.locator("#sidebar-title")).to_be_focused()
        expect(page.locator("tr.is-selected")).to_contain_text(str(uuid))
    else:
        expect(page.locator("#sidebar-title")).to_have_count(0)


def test_forward_shows_the_list_beside_the_sidebar(visit):
    made = running(ago=2)
    other = factories.subscription(organisation=made.organisation)
    page = visit("agent")
    page.goto(f"/customers/{made.organisation.uuid}/subscriptions/")
    page.locator(f"#row-{made.uuid}").click()
    shows(page, uuid=made.uuid)
    page.locator(f"#row-{other.uuid}").click()
    shows(page, uuid=other.uuid)
    page.go_back()
    shows(page, uuid=made.uuid)
    page.go_back()
    shows(page, uuid="")
    page.go_forward()
    shows(page, uuid=made.uuid)
    # Also once the list was loaded anew.
    page.go_back()
    shows(page, uuid="")
    page.reload()
    page.go_forward()
    shows(page, uuid=made.uuid)
    # A dialog that is open goes with what it is about.
    page.locator("#terminate-button").click()
    expect(page.locator("#dialog")).to_be_visible()
    page.go_back()
    expect(page.locator("#dialog")).to_be_hidden()
    shows(page, uuid="")
    # Closed, it leads to the list again.
    page.go_forward()
    shows(page, uuid=made.uuid)
    page.keyboard.press("Escape")
    shows(page, uuid="")
    expect(page).to_have_url(re.compile("/subscriptions/$"))
