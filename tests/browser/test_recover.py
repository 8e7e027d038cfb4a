"""“Failed to renew” and “Recover”: by keyboard, on a phone, without JavaScript; what changed meanwhile is shown."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import CreditAccount
from subscriptions.models import AddOn, Cycle
from tests.browser.looks import WALKED
from tests.subscriptions.life.nights import renew, taxed
from tests.support import factories
from tests.support.browsing import configure, renewing

SHOWN, NOW = "SGD 58.86", "SGD 64.31"


@pytest.fixture
def refused(live_server):
    """A renewal that was refused for want of credit, which has come in since."""
    configure(renewals_are_made_here=True)
    owner = factories.OrganisationFactory.create(name="Zürich Telecom AG", account="12.40")
    made = renewing(owner, net="54", tax="4.86")
    assert renew(timezone.now()).refused == 1
    CreditAccount.objects.filter(organisation=owner).update(credit_limit=500)
    return made


def make_dearer(made):
    AddOn.objects.create(subscription=made, name="Recording", price_per_month=5)
    taxed()


def press(page: Page, role, name) -> None:
    """Go to a link or button with the Tab key, and press Enter on it."""
    wanted = page.get_by_role(role, name=name, exact=True)
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", WALKED)
def test_by_keyboard_from_the_list_to_the_renewal(visit, refused, look, width):
    page = visit("agent", width=width)
    page.goto("/subscriptions/failed-renewals/")
    expect(page.locator("main")).to_contain_text("SGD 58.86 is needed, SGD 12.40 is available.")
    look(page, "failed-to-renew")
    press(page, "link", "SIP Trunk monthly")
    expect(page.locator("main")).to_contain_text("its renewal was refused; the history says why")
    press(page, "link", "Recover")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text(SHOWN)
    make_dearer(refused)
    press(page, "button", "Recover")
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_contain_text(f"It was {SHOWN} and is {NOW} now.")
    look(page, "recover-changed")
    press(page, "button", "Recover")
    expect(page.locator("#dialog-title")).to_have_text("Done")
    expect(dialog).to_contain_text(NOW)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Recover")).to_have_count(0)
    assert Cycle.objects.filter(subscription=refused).count() == 2


def test_without_javascript(visit, refused):
    page = visit("agent", javascript=False)
    page.goto("/subscriptions/failed-renewals/")
    page.get_by_role("link", name="SIP Trunk monthly").click()
    page.get_by_role("link", name="Recover").click()
    expect(page.locator("main")).to_contain_text(SHOWN)
    make_dearer(refused)
    page.get_by_role("button", name="Recover").click()
    expect(page.get_by_role("alert")).to_contain_text(f"It was {SHOWN} and is {NOW} now.")
    page.get_by_role("button", name="Recover").click()
    expect(page.get_by_text(f"{NOW}, IN-0000001.").first).to_be_visible()
    assert Cycle.objects.filter(subscription=refused).count() == 2
