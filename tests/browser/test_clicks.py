"""The main job costs no more than 10 clicks and 3 typed fields from the Customers page on: the browser counts."""

import pytest
from playwright.sync_api import Page, expect

from subscriptions.models import Termination
from tests.support import factories
from tests.support.browsing import terminate_button

MOST_CLICKS = 10
MOST_TYPED = 3

# A press of the pointer is a click, and so is what was chosen from a list; a field is typed into by a letter.
COUNTER = """
    document.addEventListener("pointerdown", (event) => {
        if (event.isTrusted) window.countClick(event.target.textContent.trim().slice(0, 40));
    }, true);
    document.addEventListener("change", (event) => {
        if (event.target.tagName === "SELECT") window.countClick("list " + event.target.name);
    }, true);
    document.addEventListener("keydown", (event) => {
        if (event.key.length === 1 && event.target.matches("input, textarea")) window.countTyped(event.target.name);
    }, true);
"""


@pytest.fixture
def counted(visit) -> tuple[Page, list[str], set[str]]:
    """A page whose clicks and typed fields are counted from the first address on."""
    page = visit("agent")
    clicks: list[str] = []
    typed: set[str] = set()
    page.expose_function("countClick", lambda what: clicks.append(what))
    page.expose_function("countTyped", lambda name: typed.add(name))
    page.add_init_script(COUNTER)
    page.goto("/customers/")
    return page, clicks, typed


def to_the_choice(page: Page, name: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type("zurich")
    page.get_by_role("link", name=name).click()
    page.get_by_role("main").get_by_role("link", name="Subscriptions", exact=True).click()
    page.get_by_role("link", name="SIP Trunk").click()
    page.locator("#terminate-button").click()
    reason = page.get_by_label("Reason", exact=False).first
    reason.select_option("too_expensive")
    reason.focus()
    # From the list on by keyboard, as a form is filled in.
    page.keyboard.press("Tab")
    page.keyboard.type("Found something cheaper.")
    page.keyboard.press("Tab")
    page.keyboard.type("Ms Tan")
    page.get_by_label("Channel").select_option("phone")
    terminate_button(page).click()
    expect(page.locator("#dialog-title")).to_have_text("Total refund")
    terminate_button(page).click()
    expect(page.locator("#dialog-title")).to_have_text("How is the refund made?")


def test_where_one_option_is_possible(counted, made):
    page, clicks, typed = counted
    to_the_choice(page, made.organisation.name)
    expect(page.get_by_label("No credit note has been sent")).to_be_checked()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("SGD 54.50 added to Available Credits.")
    assert Termination.objects.count() == 1
    assert len(clicks) <= MOST_CLICKS - 1, clicks
    assert len(typed) <= MOST_TYPED, typed


def test_where_a_note_is_chosen(counted, made):
    # It names nothing: nothing is picked for the agent, and picking the note is the choice.
    factories.credit_note(made.organisation, net="50", tax="4.50", number="CN-0000012")
    page, clicks, typed = counted
    to_the_choice(page, made.organisation.name)
    page.locator("label", has_text="CN-0000012").first.click()
    expect(page.get_by_label("Choose from Invoice app")).to_be_checked()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("Credit note CN-0000012 is the refund.")
    assert len(clicks) <= MOST_CLICKS, clicks
    assert len(typed) <= MOST_TYPED, typed


def test_the_count_sees_clicks_lists_and_letters(counted, made):
    page, clicks, typed = counted
    page.get_by_role("searchbox").click()
    page.get_by_role("searchbox").press_sequentially("zu")
    page.goto(f"/customers/{made.organisation.uuid}/subscriptions/")
    page.get_by_label("Status").select_option("active")
    page.get_by_label("Status").select_option("expired")
    page.locator("main").click(position={"x": 1, "y": 1})
    assert len(clicks) == 4, clicks
    assert typed == {"q"}
