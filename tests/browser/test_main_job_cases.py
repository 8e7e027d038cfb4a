"""The cases of the main job in the browser: sums, settings, refusals, and seals that are not the agent's own."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from customers.models import LedgerEntry
from portal.lib import days
from subscriptions.models import Termination
from tests.support import factories
from tests.support.browsing import (
    configure,
    give_reason,
    open_sidebar,
    pick,
    running,
    terminate_button,
    to_choice,
    today,
)
from tests.support.factories import C


def apply(page: Page, made, option: str = "No credit note has been sent") -> None:
    to_choice(page, made)
    pick(page, option)
    page.get_by_role("button", name="Apply").click()


def test_a_total_of_zero(visit):
    made = running(ago=16)
    page = visit("agent")
    apply(page, made)
    expect(page.locator("#dialog")).to_contain_text("Nothing was refunded: ")
    assert not LedgerEntry.objects.exists()


def test_a_partly_paid_cycle_with_its_waiver(visit):
    made = running(ago=2, net="100", paid="60")
    number = factories.charge_of(made).invoice.number
    page = visit("agent")
    to_choice(page, made)
    expect(page.locator("#dialog")).to_contain_text(f"Cancelled on open invoices SGD 40.00 on {number}")
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("SGD 60.00 added to Available Credits.")
    expect(page.locator("#dialog")).to_contain_text(f"SGD 40.00 was waived on {number}.")


def test_allow_refund_off(visit):
    configure(allow_refund=False)
    made = running(ago=2)
    page = visit("agent")
    to_choice(page, made)
    expect(page.locator("#dialog")).to_contain_text(
        "Nothing will be refunded: Allow Refund is off in Portal Config."
    )
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("Nothing was refunded: Allow Refund is off in Portal Config.")


@pytest.mark.parametrize("ago", [10, 28])
def test_expired_within_the_reactivation_days_is_refused_with_the_date(visit, ago):
    ended = today() - dt.timedelta(days=ago)
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=ended)
    page = visit("agent")
    open_sidebar(page, made)
    first = days.display(ended + dt.timedelta(days=29))
    expect(page.locator("#sidebar")).to_contain_text(f"It can be terminated from {first}.")
    # The portal can't reactivate anything yet, so it does not speak of it.
    expect(page.locator("#sidebar")).not_to_contain_text("reactivated")
    expect(page.locator("#terminate-button")).to_have_count(0)


def test_expired_for_29_days_ends_with_the_explanation_alone(visit):
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=today() - dt.timedelta(days=29))
    page = visit("agent")
    open_sidebar(page, made)
    page.locator("#terminate-button").click()
    expect(page.locator("#dialog").get_by_label("Reason")).to_have_count(0)
    page.get_by_label("Explanation").fill("Gone for a month.")
    terminate_button(page).click()
    expect(page.locator("#dialog")).to_contain_text("Nothing was refunded: the subscription has expired.")
    assert Termination.objects.get().case == "expired"


def test_the_same_seal_twice_gives_the_first_answer(visit):
    made = running(ago=2)
    page = visit("agent")
    to_choice(page, made)
    pick(page, "No credit note has been sent")
    # The form as it is sent, kept to be sent again: a double click, or an answer that was lost.
    page.evaluate("window.kept = new URLSearchParams(new FormData(document.querySelector('#dialog form')))")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("SGD 50.00 added to Available Credits.")
    again = page.evaluate(
        """async (address) => {
            const headers = {"HX-Request": "true"};
            const answer = await fetch(address, {method: "POST", body: window.kept, headers: headers});
            return [answer.status, await answer.text()];
        }""",
        f"/subscriptions/{made.uuid}/terminate/apply/",
    )
    assert again[0] == 200
    assert "SGD 50.00 added to Available Credits." in again[1]
    assert LedgerEntry.objects.count() == 1


def test_another_users_seal_is_refused(visit):
    made = running(ago=2)
    one, two = visit("agent"), visit("agent")
    for page in (one, two):
        to_choice(page, made)
        pick(page, "No credit note has been sent")
    theirs = one.locator("#dialog input[name=seal]").get_attribute("value")
    two.locator("#dialog input[name=seal]").evaluate("(field, value) => { field.value = value; }", theirs)
    two.get_by_role("button", name="Apply").click()
    expect(two.locator("#dialog")).to_contain_text("The preview was made for somebody else; this is yours.")
    assert not Termination.objects.exists()


def test_a_payment_that_came_in_is_marked(visit):
    made = running(ago=2, net="100", paid="60")
    page = visit("agent")
    to_choice(page, made)
    pick(page, "No credit note has been sent")
    factories.pay(factories.charge_of(made), "40")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("Nothing was written; please look again.")
    expect(page.locator("#dialog tr.cycle.is-changed")).to_contain_text("changed")
    terminate_button(page).click()
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("SGD 100.00 added to Available Credits.")


def test_the_reason_form_is_filled_in_once(visit):
    """What was said in step 1 arrives in the record, though the steps between carry it in hidden fields."""
    made = running(ago=2)
    page = visit("agent")
    open_sidebar(page, made)
    page.locator("#terminate-button").click()
    give_reason(page)
    page.get_by_label("Ticket reference").fill("T-1 <b>& more</b>")
    terminate_button(page).click()
    expect(page.locator("#dialog-title")).to_have_text("Total refund")
    terminate_button(page).click()
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("terminated.")
    assert Termination.objects.get().ticket == "T-1 <b>& more</b>"


def test_going_back_keeps_what_was_typed(visit):
    made = running(ago=2)
    page = visit("agent")
    to_choice(page, made)
    title, dialog = page.locator("#dialog-title"), page.locator("#dialog")
    dialog.get_by_role("button", name="Back").click()
    expect(title).to_have_text("Total refund")
    expect(title).to_be_focused()
    dialog.get_by_role("button", name="Back").press("Enter")
    expect(title).to_have_text("Terminate subscription")
    expect(page.get_by_label("Explanation")).to_have_value("Found something cheaper.")
    expect(page.get_by_label("Requested by")).to_have_value("Ms Tan")
    page.get_by_label("Explanation").fill("Found something better.")
    terminate_button(page).click()
    expect(title).to_have_text("Total refund")
    terminate_button(page).click()
    # Enter in a field presses the button that goes on, not the one that goes back.
    page.get_by_label("No credit note has been sent").press(" ")
    page.get_by_label("No credit note has been sent").press("Enter")
    expect(dialog).to_contain_text("terminated.")
    assert Termination.objects.get().explanation == "Found something better."


def test_going_back_without_javascript(visit):
    made = running(ago=2)
    page = visit("agent", javascript=False)
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    give_reason(page)
    page.get_by_role("button", name="Terminate").click()
    page.get_by_role("button", name="Terminate").click()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Total refund")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Explanation")).to_have_value("Found something cheaper.")
    expect(page.get_by_label("Channel")).to_have_value("phone")


@pytest.mark.parametrize("javascript", [True, False])
def test_what_is_wrong_takes_the_focus_and_leads_to_its_box(visit, javascript):
    made = running(ago=2)
    factories.credit_note(made.organisation, net="20", line=factories.charge_of(made), number="CN-0000012")
    page = visit("agent", javascript=javascript)
    summary = page.locator("[data-error-summary]")
    if javascript:
        open_sidebar(page, made)
        page.locator("#terminate-button").click()
    else:
        page.goto(f"/subscriptions/{made.uuid}/terminate/")
    page.get_by_role("button", name="Terminate").click()
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Reason – Nothing is chosen")
    give_reason(page)
    page.get_by_role("button", name="Terminate").click()
    expect(page.get_by_role("heading", name="Total refund")).to_be_visible()
    page.get_by_role("button", name="Terminate").click()
    pick(page, "No credit note has been sent")
    page.get_by_role("button", name="Apply").click()
    expect(summary).to_be_focused()
    box = page.get_by_role("checkbox", name="CN-0000012 (SGD 20.00) names")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description("Please confirm this first.")
    if javascript:
        summary.get_by_role("link").click()
        expect(box).to_be_focused()


def test_the_settings_say_what_is_wrong_first(visit):
    page = visit("superuser")
    page.goto("/settings/portal-config/")
    page.get_by_label("Currency, row 1").fill("XX")
    page.get_by_label("Fee, row 1").fill("5")
    page.get_by_role("button", name="Save").click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    summary.get_by_role("link").first.click()
    expect(page.get_by_label("Currency, row 1")).to_be_focused()
    assert page.get_by_label("Currency, row 1").get_attribute("aria-invalid") == "true"


def test_a_search_under_way_is_followed_by_the_newest_only(visit):
    """Enter right after typing neither breaks off what is under way (the console would show it) nor is lost."""
    for name in ("Zürich AG", "Zürich Ost AG", "Bern AG"):
        factories.OrganisationFactory.create(name=name)
    page = visit("agent")
    page.goto("/customers/")
    under_way, asked = [], []
    page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)
    page.route(re.compile(r"q=b$"), lambda route: under_way.append(route))
    with page.expect_request(re.compile(r"q=b$")):
        page.get_by_role("searchbox").press_sequentially("b")
    page.get_by_role("searchbox").fill("zurich")
    page.get_by_role("searchbox").press("Enter")
    assert len(under_way) == 1
    under_way[0].continue_()
    expect(page.locator("#results-summary")).to_have_text("2 customers")
    expect(page.locator("#results")).not_to_contain_text("Bern AG")
    assert "q=zurich" in asked[-1]
    expect(page.get_by_role("searchbox")).to_be_focused()
    # Typing shows the only answer, Enter opens it.
    page.get_by_role("searchbox").fill("zurich ost")
    expect(page.locator("#results-summary")).to_have_text("1 customer")
    expect(page).to_have_url(re.compile(r"/customers/\?q=zurich%20ost$"))
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("heading", name="Zürich Ost AG")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("zurich ost")


def test_a_step_answers_htmx_as_soon_as_it_is_there(visit):
    """A key pressed the moment a step appears must not leave the dialog for a page of its own."""
    made = running(ago=2)
    page = visit("agent")
    to_choice(page, made)
    page.evaluate(
        """() => document.addEventListener("htmx:afterSwap", () => queueMicrotask(
            () => document.querySelector("#dialog form button[type=submit]:not([formaction])").click()
        ), { once: true })"""
    )
    with page.expect_request("**/terminate/choice/") as sent:
        page.locator("#dialog").get_by_role("button", name="Back").press("Enter")
    assert sent.value.headers.get("hx-request") == "true"
    expect(page.locator("#dialog-title")).to_have_text("How is the refund made?")
