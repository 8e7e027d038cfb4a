"""The line is lost while somebody searches, or while somebody writes."""

from playwright.sync_api import Page, expect

from tests.support import factories
from tests.support.browsing import open_sidebar

LOST = "The portal cannot be reached."


def can_click(page: Page, name: str) -> bool:
    """Say whether a click on a link would reach it."""
    link = page.locator("#results").get_by_text(name)
    reached: bool = link.evaluate(
        "(e) => { const b = e.getBoundingClientRect();"
        " return document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2) === e; }"
    )
    return reached


def test_old_hits_are_out_of_reach_until_the_new_words_are_answered(visit):
    for name in ("Zürich Telecom AG", "Basel Telecom AG"):
        factories.OrganisationFactory.create(name=name)
    page = visit("agent")
    page.goto("/customers/?q=zurich")
    assert can_click(page, "Zürich Telecom AG")
    field = page.locator("input[name=q]")
    # On its way: the answer is held until we have looked.
    held = []
    page.route("**/customers/?q=basel", lambda route: held.append(route))
    with page.expect_request("**/customers/?q=basel"):
        field.fill("basel")
        assert not can_click(page, "Zürich Telecom AG")
    assert not can_click(page, "Zürich Telecom AG")
    field.press_sequentially(" t")
    held[0].continue_()
    expect(page).to_have_url("/customers/?q=basel%20t")
    expect(page.get_by_role("link", name="Basel Telecom AG")).to_be_visible()
    assert can_click(page, "Basel Telecom AG")
    # The words of the hits once more: nothing is asked, nothing is in the way.
    field.press("x")
    field.press("Backspace")
    assert can_click(page, "Basel Telecom AG")
    # Lost: the hits stay out of reach, until the line is back and the words are asked again.
    page.context.set_offline(True)
    field.fill("zurich")
    expect(page.get_by_text(LOST)).to_be_visible()
    assert not can_click(page, "Basel Telecom AG")
    page.context.set_offline(False)
    expect(page.get_by_role("link", name="Zürich Telecom AG")).to_be_visible()
    expect(page.get_by_text(LOST)).to_have_count(0)
    page.said.clear()  # the lost line is meant


def test_whoever_wrote_into_a_lost_line_is_told_to_check(visit, made):
    page = visit("agent")
    open_sidebar(page, made)
    page.context.set_offline(True)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_text(LOST)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("can be reached again. Check the record before you try again.")).to_be_visible()
    expect(page.get_by_text(LOST)).to_have_count(0)
    # An answer to what was written says more.
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("button", name="Resubscribe")).to_be_visible()
    page.said.clear()  # the lost line is meant
