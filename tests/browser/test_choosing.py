"""Step 6 in the browser: picking a note picks its option, and what is not picked looks unpicked."""

from playwright.sync_api import Page, expect

from subscriptions.models import Termination
from tests.support import factories
from tests.support.browsing import running, to_choice

NOTE = "Choose from Invoice app"
NONE = "No credit note has been sent"


def is_framed(page: Page, label: str) -> bool:
    """Tell whether the card of a radio button is drawn as the picked one."""
    card = page.locator(".form-check", has=page.get_by_role("radio", name=label)).last
    return bool(card.evaluate("(card) => getComputedStyle(card).boxShadow !== 'none'"))


def note(page: Page, number: str):
    """Find the label of a note in the list."""
    return page.locator(".choice-notes > .form-check > label", has_text=number)


def two_notes(made) -> None:
    for number in ("CN-0000011", "CN-0000012"):
        factories.credit_note(made.organisation, net="50", number=number)


def test_picking_a_note_picks_its_option(visit, check_axe):
    made = running(ago=2)
    two_notes(made)
    page = visit("agent")
    to_choice(page, made)
    first, second = page.get_by_role("radio", name="CN-0000011"), page.get_by_role("radio", name="CN-0000012")
    note(page, "CN-0000011").click()
    expect(page.get_by_label(NOTE)).to_be_checked()
    assert is_framed(page, NOTE)
    assert is_framed(page, "CN-0000011")
    # The other option unpicks the note.
    page.locator("label", has_text=NONE).click()
    expect(page.get_by_label(NOTE)).not_to_be_checked()
    expect(first).not_to_be_checked()
    assert not is_framed(page, NOTE)
    assert not is_framed(page, "CN-0000011")
    assert is_framed(page, NONE)
    # Who comes back finds it picked again; another one takes its place.
    page.locator("label", has_text=NOTE).click()
    expect(first).to_be_checked()
    note(page, "CN-0000012").click()
    expect(first).not_to_be_checked()
    check_axe(page)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("Credit note CN-0000012 is the refund.")
    expect(second).to_have_count(0)


def test_by_keyboard(visit):
    made = running(ago=2)
    two_notes(made)
    page = visit("agent")
    to_choice(page, made)
    page.get_by_label(NONE).focus()
    page.keyboard.press("Space")
    page.get_by_role("radio", name="CN-0000012").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label(NOTE)).to_be_checked()
    expect(page.get_by_label(NONE)).not_to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="CN-0000011")).to_be_checked()
    expect(page.get_by_label(NOTE)).to_be_checked()
    page.get_by_label(NOTE).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(NONE)).to_be_checked()
    expect(page.get_by_role("radio", name="CN-0000011")).not_to_be_checked()


def test_without_javascript_a_note_that_is_picked_is_the_choice(visit):
    made = running(ago=2)
    two_notes(made)
    page = visit("agent", javascript=False)
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    fill_in(page)
    note(page, "CN-0000011").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("main")).to_contain_text("Credit note CN-0000011 is the refund.")
    assert Termination.objects.get(credit_note__number="CN-0000011")


def test_without_javascript_the_option_counts_and_the_note_looks_unpicked(visit):
    made = running(ago=2)
    two_notes(made)
    page = visit("agent", javascript=False)
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    fill_in(page)
    note(page, "CN-0000011").click()
    page.locator("label", has_text=NONE).click()
    assert not is_framed(page, "CN-0000011")
    for box in page.get_by_role("checkbox").all():
        if box.is_visible() and "acknowledge" in (box.get_attribute("name") or ""):
            box.check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("main")).to_contain_text("SGD 50.00 added to Available Credits.")


def fill_in(page: Page) -> None:
    page.get_by_label("Reason", exact=False).first.select_option("too_expensive")
    page.get_by_label("Explanation").fill("Found something cheaper.")
    page.get_by_label("Requested by").fill("Ms Tan")
    page.get_by_label("Channel").select_option("phone")
    page.get_by_role("button", name="Terminate").click()
    page.get_by_role("button", name="Terminate").click()
