"""The main job as an agent does it: mouse, keyboard, two agents, a phone's width, and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from customers.models import LedgerEntry
from subscriptions.models import Termination
from tests.browser.looks import WALKED
from tests.support import factories
from tests.support.browsing import configure, give_reason, open_sidebar, pick, terminate_button, to_choice


def test_from_log_in_to_the_message(live_server, browser, make_user, made):
    user = make_user("agent", "maria")
    user.set_password("secret-word-1")
    user.save()
    page = browser.new_page(base_url=live_server.url)
    page.goto("/")
    page.get_by_label("Username").fill("maria")
    page.get_by_label("Password").fill("secret-word-1")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Customers").click()
    page.locator("input[name=q]").fill("zurich")
    page.get_by_role("link", name="Zürich Telecom AG").click()
    page.get_by_role("main").get_by_role("link", name="Subscriptions", exact=True).click()
    page.get_by_role("link", name="SIP Trunk").click()
    expect(page).to_have_url(re.compile(f"/subscriptions/{made.uuid}/$"))
    page.locator("#terminate-button").click()
    give_reason(page)
    terminate_button(page).click()
    expect(page.locator("#dialog")).to_contain_text("SGD 54.50")
    assert not Termination.objects.exists()
    terminate_button(page).click()
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text(f"Subscription {made.uuid} terminated.")
    expect(page.locator("#dialog")).to_contain_text("SGD 54.50 added to Available Credits.")
    # The sidebar and the list behind have re-read themselves.
    page.locator("#dialog").get_by_text("Close", exact=True).click()
    expect(page.locator("#sidebar")).to_contain_text("Terminated")
    expect(page.locator("#subscriptions")).to_contain_text("Terminated")
    assert LedgerEntry.objects.get().amount == Termination.objects.get().credited
    page.close()


def test_by_keyboard_alone(visit, made):
    page = visit("agent")
    page.goto("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("zurich")
    expect(page.get_by_role("link", name="Zürich Telecom AG")).to_be_visible()
    page.get_by_role("link", name="Zürich Telecom AG").press("Enter")
    page.get_by_role("main").get_by_role("link", name="Subscriptions", exact=True).press("Enter")
    page.get_by_role("link", name="SIP Trunk").press("Enter")
    expect(page.locator("#sidebar-title")).to_be_focused()
    page.locator("#terminate-button").press("Enter")
    # The first field has the focus: one types at once.
    expect(page.locator("#id_reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#terminate-button")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar-title")).to_have_count(0)
    page.get_by_role("link", name="SIP Trunk").press("Enter")
    page.locator("#terminate-button").press("Enter")
    expect(page.locator("#id_reason")).to_be_focused()
    page.keyboard.type("Too")
    page.keyboard.press("Tab")
    page.keyboard.type("Found something cheaper.")
    page.keyboard.press("Tab")
    page.keyboard.type("Ms Tan")
    page.get_by_label("Channel").focus()
    page.keyboard.type("Ph")
    page.get_by_label("Ticket reference").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_contain_text("Total refund")
    terminate_button(page).press("Enter")
    page.get_by_label("No credit note has been sent").press(" ")
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page.locator("#dialog")).to_contain_text("added to Available Credits.")
    assert Termination.objects.count() == 1


def test_what_is_missing_stands_beside_its_field(visit, made):
    page = visit("agent")
    open_sidebar(page, made)
    page.locator("#terminate-button").click()
    terminate_button(page).click()
    dialog = page.locator("#dialog")
    expect(dialog.locator("#div_id_reason")).to_contain_text("Nothing is chosen")
    expect(dialog.locator("#div_id_explanation")).to_contain_text("This is empty")
    expect(dialog.locator("#div_id_channel")).to_contain_text("Nothing is chosen")


def test_a_chosen_credit_note(visit, made):
    factories.credit_note(
        made.organisation, net="50", tax="4.50", line=factories.charge_of(made), number="CN-0000012"
    )
    page = visit("agent")
    to_choice(page, made)
    expect(page.get_by_label("Choose from Invoice app")).to_be_checked()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("Credit note CN-0000012 is the refund.")
    assert not LedgerEntry.objects.exists()


def test_the_double_refund_guard(visit, made):
    factories.credit_note(made.organisation, net="20", line=factories.charge_of(made), number="CN-0000012")
    page = visit("agent")
    to_choice(page, made)
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog [role=alert]")).to_contain_text("CN-0000012")
    page.locator("label", has_text="I know that credit note CN-0000012").last.click()
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("SGD 34.50 added to Available Credits.")


def test_two_agents_at_once(visit, made):
    one, two = visit("agent"), visit("agent")
    for page in (one, two):
        to_choice(page, made)
        pick(page, "No credit note has been sent")
    one.get_by_role("button", name="Apply").click()
    expect(one.locator("#dialog")).to_contain_text("added to Available Credits.")
    two.get_by_role("button", name="Apply").click()
    expect(two.locator("#dialog")).to_contain_text("already terminated by agent-1")
    assert LedgerEntry.objects.count() == 1


def test_a_stale_preview_is_shown_again_with_the_difference(visit, made):
    page = visit("agent")
    to_choice(page, made)
    pick(page, "No credit note has been sent")
    configure(allow_refund=False)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("Portal Config was changed since the preview.")
    assert not Termination.objects.exists()


def test_simplified_termination(visit, made):
    configure(termination_method="simplified")
    page = visit("agent")
    open_sidebar(page, made)
    page.locator("#terminate-button").click()
    give_reason(page)
    terminate_button(page).click()
    terminate_button(page).click()
    expect(page.locator("#dialog")).to_contain_text("SGD 54.50 added to Available Credits.")


def test_without_javascript(visit, made):
    page = visit("agent", javascript=False)
    page.goto("/customers/?q=zurich")
    page.get_by_role("link", name="Zürich Telecom AG").click()
    page.get_by_role("main").get_by_role("link", name="Subscriptions", exact=True).click()
    page.get_by_role("link", name="SIP Trunk").click()
    page.get_by_role("link", name="Terminate", exact=True).click()
    give_reason(page)
    page.get_by_role("button", name="Terminate").click()
    page.get_by_role("button", name="Terminate").click()
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("main")).to_contain_text(f"Subscription {made.uuid} terminated.")
    expect(page.locator("main")).to_contain_text("SGD 54.50 added to Available Credits.")
    assert Termination.objects.count() == 1


@pytest.mark.parametrize("width", WALKED)
def test_every_step_is_accessible_and_fits(visit, made, look, width):
    factories.credit_note(made.organisation, net="20", line=factories.charge_of(made), number="CN-0000012")
    page = visit("agent", width=width)
    page.goto(f"/customers/{made.organisation.uuid}/subscriptions/")
    look(page, "1-subscriptions")
    page.get_by_role("link", name="SIP Trunk").click()
    expect(page.get_by_role("heading", name="Subscription Details")).to_be_visible()
    look(page, "2-sidebar")
    page.locator("#terminate-button").click()
    expect(page.locator("#dialog")).to_be_visible()
    look(page, "3-reason")
    terminate_button(page).click()
    expect(page.locator("#dialog")).to_contain_text("Nothing is chosen")
    look(page, "3-reason-errors")
    give_reason(page)
    terminate_button(page).click()
    expect(page.locator("#dialog")).to_contain_text("Total refund")
    expect(page.locator("#dialog-title")).to_have_text("Total refund")
    look(page, "4-refund")
    terminate_button(page).click()
    expect(page.locator("#dialog-title")).to_have_text("How is the refund made?")
    look(page, "5-choice")
    page.get_by_role("radio", name="CN-0000012").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("CN-0000012 (SGD 20.00) is")
    look(page, "5-choice-errors")
    page.locator("label", has_text="I know that credit note CN-0000012").first.click()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("terminated.")
    look(page, "6-done")
    page.goto(f"/terminations/{Termination.objects.get().uuid}/")
    look(page, "7-record")
