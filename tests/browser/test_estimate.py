""" "What would come back?" in the browser: from the sidebar, by keyboard, on a phone, and without JavaScript."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from subscriptions.models import Termination
from tests.support.browsing import open_sidebar, running, today

TITLE = "What would come back?"


def test_from_the_sidebar_for_today_and_a_later_day(visit, check_axe):
    made = running(ago=2, months=3, net="150")
    page = visit("auditor")
    open_sidebar(page, made)
    page.get_by_role("link", name=TITLE).click()
    dialog = page.locator("#dialog")
    expect(page.locator("#dialog-title")).to_have_text(TITLE)
    expect(page.locator("#dialog-title")).to_be_focused()
    expect(dialog).to_contain_text("SGD 150.00")
    expect(dialog.get_by_role("button", name="Terminate")).to_have_count(0)
    check_axe(page)
    day = dialog.get_by_label("If it ended on")
    day.fill((today() + dt.timedelta(days=14)).isoformat())
    # Enter in the field asks.
    day.press("Enter")
    expect(dialog).to_contain_text("2 of 3 months not begun")
    expect(dialog).to_contain_text("SGD 100.00")
    day.fill((today() - dt.timedelta(days=1)).isoformat())
    dialog.get_by_role("button", name="Show").click()
    expect(dialog.locator("[data-error-summary]")).to_be_focused()
    expect(dialog.locator("#div_id_on")).to_contain_text("or a later day.")
    check_axe(page)
    page.keyboard.press("Escape")
    expect(page.locator("#estimate-button")).to_be_focused()
    assert not Termination.objects.exists()


@pytest.mark.parametrize("width", [320, 1440])
def test_without_javascript_it_is_a_page(visit, check_axe, width):
    made = running(ago=2)
    page = visit("auditor", javascript=False, width=width)
    page.goto(f"/subscriptions/{made.uuid}/")
    page.get_by_role("link", name=TITLE).click()
    expect(page.locator("main")).to_contain_text("SGD 50.00")
    page.get_by_label("If it ended on").fill((today() + dt.timedelta(days=13)).isoformat())
    page.get_by_role("button", name="Show").click()
    expect(page.locator("main")).to_contain_text("The last month has begun")
    expect(page).to_have_url(f"/subscriptions/{made.uuid}/refund/?on={today() + dt.timedelta(days=13)}")
