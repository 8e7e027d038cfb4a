"""Nothing in the flow, the sidebar, the dialogs or the record is wider than the screen, whatever the names."""

import pytest
from playwright.sync_api import Page, expect

from settings_app.models import TerminationReason
from subscriptions.models import Termination
from tests.browser.looks import IS_FULL, resizing, set_width
from tests.browser.widths import GERMAN, SKU, WIDTHS, too_wide
from tests.support import factories
from tests.support.browsing import give_reason, terminate_button, this_month
from tests.support.factories import C


@pytest.fixture
def made(live_server):
    organisation = factories.OrganisationFactory.create(
        name=GERMAN, customer_reference=SKU, owner_email=f"{GERMAN.lower()}@{'a' * 60}.example"
    )
    plan = factories.PlanFactory.create(product__name=SKU, name=GERMAN, sku=SKU)
    subscription = factories.subscription(
        organisation=organisation,
        plan=plan,
        cycles=(C(this_month(), net="12345678.90", tax="1111111.10", paid="9000000"),),
        numbers=("+6530000001", "+6530000002", "+6530000003"),
        billing_plan="as_incurred",
        auto_renew=True,
    )
    subscription.add_ons.create(name=SKU, price_per_month=5)
    member = factories.MemberFactory.create(organisation=organisation, name=GERMAN)
    subscription.assignments.create(member=member, assigned_on=subscription.started_on)
    TerminationReason.objects.filter(code="too_expensive").update(label=f"{GERMAN} {SKU}", needs_ticket=True)
    note = factories.credit_note(organisation, net="20", line=factories.charge_of(subscription), number=SKU)
    factories.credit_note(organisation, net="10", number=f"{note.number}_2")
    return subscription


def fits(page: Page, what: str) -> None:
    """Look at each width, whatever the width is that the steps are taken at."""
    with resizing(page):
        for width in WIDTHS:
            set_width(page, width)
            assert "\n".join(too_wide(page)) == "", f"{what} at {width}"


@pytest.mark.parametrize("width", WIDTHS if IS_FULL else WIDTHS[:1])
def test_every_step_fits(visit, made, width):
    page = visit("agent", width=width)
    dialog, title = page.locator("#dialog"), page.locator("#dialog-title")
    page.goto(f"/customers/{made.organisation.uuid}/subscriptions/")
    fits(page, "the tab")
    page.locator(f"[id='row-{made.uuid}']").click()
    expect(page.locator("#sidebar-title")).to_be_visible()
    fits(page, "the sidebar")
    page.locator("#estimate-button").click()
    expect(title).to_have_text("What would come back?")
    fits(page, "what would come back")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.locator("#terminate-button").click()
    expect(title).to_have_text("Terminate subscription")
    terminate_button(page).click()
    expect(dialog).to_contain_text("Nothing is chosen")
    fits(page, "the reason with its errors")
    give_reason(page)
    page.get_by_label("Explanation").fill(f"{GERMAN} {SKU} " * 3)
    page.get_by_label("Ticket reference").fill(SKU)
    terminate_button(page).click()
    expect(title).to_have_text("Total refund")
    fits(page, "the total refund")
    terminate_button(page).click()
    expect(title).to_have_text("How is the refund made?")
    page.locator("label", has_text="No credit note has been sent").click()
    page.get_by_role("button", name="Apply").click()
    expect(dialog.locator("[data-error-summary]")).to_be_visible()
    fits(page, "the choice with its errors")
    for box in dialog.get_by_role("checkbox").all():
        if "I know" in (box.locator("xpath=..").text_content() or ""):
            box.check()
    page.locator("label", has_text="No credit note has been sent").click()
    page.get_by_role("button", name="Apply").click()
    expect(dialog).to_contain_text("terminated.")
    fits(page, "what was done")
    page.goto(f"/terminations/{Termination.objects.get().uuid}/")
    fits(page, "the record")


def test_the_pages_of_their_own_fit(visit, made):
    page = visit("agent")
    for step in ("", "refund/", "terminate/"):
        page.goto(f"/subscriptions/{made.uuid}/{step}")
        fits(page, f"the page “{step}”")


def test_a_long_title_wraps(visit, made):
    page = visit("agent")
    page.goto(f"/customers/{made.organisation.uuid}/subscriptions/")
    page.locator(f"[id='row-{made.uuid}']").click()
    page.locator("#estimate-button").click()
    title = page.locator("#dialog-title")
    expect(title).to_be_visible()
    for width in WIDTHS:
        set_width(page, width)
        heights = []
        for text in ("What would come back?", f"{SKU}{GERMAN}{SKU}{GERMAN}"):
            title.evaluate("(element, text) => { element.textContent = text; }", text)
            assert too_wide(page) == [], (text, width)
            heights.append(title.bounding_box()["height"])
        assert heights[0] < heights[1], width


def test_the_measure_sees_what_sticks_out(visit, made):
    page = visit("agent", width=320)
    page.goto(f"/subscriptions/{made.uuid}/")
    assert too_wide(page) == []
    page.evaluate("document.querySelector('.frame-title').textContent = 'x'.repeat(400)")
    page.evaluate("document.querySelector('.frame-title').classList.add('nowrap')")
    assert too_wide(page) != []
