"""Similar names in a browser: asked for by keyboard, read out, accessible, and there without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.support import factories


@pytest.fixture
def made(live_server) -> None:
    for name in (*(f"Delta {number}" for number in range(5)), "Belta"):
        factories.OrganisationFactory.create(name=name)


def test_by_keyboard(visit, made):
    page = visit("agent")
    page.goto("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("delta")
    expect(page.locator("#results-summary")).to_have_text("5 customers")
    page.get_by_role("link", name="Show similar names").press("Enter")
    expect(page.locator("#results-summary")).to_have_text("5 customers, 1 similar")
    # The link is gone, and the focus is where what it brought begins.
    expect(page.get_by_role("heading", name="Similar to “delta”")).to_be_focused()
    # Past the table, which can be scrolled.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Belta")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/customers/\?q=delta&similar=1$"))
    page.go_back()
    expect(page.get_by_role("link", name="Show similar names")).to_be_visible()
    expect(page.get_by_role("link", name="Belta")).to_be_hidden()


def test_typing_on_asks_for_nobody_similar(visit, made):
    page = visit("agent")
    page.goto("/customers/?q=delta&similar=1")
    expect(page.get_by_role("heading", name="Similar to “delta”")).to_be_focused()
    page.get_by_role("searchbox").fill("delt")
    expect(page.locator("#results-summary")).to_have_text("5 customers")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_without_javascript(visit, made):
    page = visit("agent", javascript=False)
    page.goto("/customers/?q=delta")
    page.get_by_role("link", name="Show similar names").click()
    page.get_by_role("link", name="Belta").click()
    expect(page.get_by_role("heading", name="Belta")).to_be_visible()


def test_the_list_is_accessible_and_fits(visit, made, look):
    page = visit("agent")
    for name, query in (("offered", "delta"), ("shown", "delta&similar=1"), ("none", "delta+4&similar=1")):
        page.goto(f"/customers/?q={query}")
        look(page, f"similar-{name}")
