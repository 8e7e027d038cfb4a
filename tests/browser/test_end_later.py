"""An end later, in the browser: asked for from the sidebar, listed, withdrawn; on a phone; without JavaScript."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from subscriptions.models import TerminationRequest
from tests.browser.looks import WALKED
from tests.support import scheduled
from tests.support.browsing import open_sidebar, running, today


def _fill(page, **said):
    page.locator("#id_when").select_option(said.get("when", "cycle"))
    page.get_by_label("Reason").select_option("too_expensive")
    page.get_by_label("Explanation").fill("They move out.")
    page.get_by_label("Requested by").fill("Ms Tan")
    page.get_by_label("Channel").select_option("phone")


@pytest.mark.parametrize("width", WALKED)
def test_from_the_sidebar_and_back(visit, look, width):
    made = running(ago=2, months=3, net="150")
    page = visit("agent", width=width)
    open_sidebar(page, made)
    page.get_by_role("link", name="End later").click()
    dialog = page.locator("#dialog")
    expect(page.locator("#dialog-title")).to_have_text("End later")
    look(page, "end-later-form")
    _fill(dialog)
    dialog.get_by_role("button", name="Show the estimate").click()
    expect(page.locator("#dialog-title")).to_contain_text("Estimate for")
    look(page, "end-later-estimate")
    dialog.get_by_role("button", name="Schedule the end").click()
    expect(page.locator("#dialog-title")).to_have_text("Scheduled")
    look(page, "end-later-scheduled")
    page.keyboard.press("Escape")
    sidebar = page.locator("#sidebar")
    expect(sidebar.locator("#scheduled-title")).to_contain_text("Ends on")
    look(page, "end-later-sidebar", at=sidebar.locator("#scheduled-title"))
    sidebar.get_by_role("link", name="Withdraw the scheduled end").click()
    expect(page.locator("#dialog-title")).to_have_text("Withdraw the scheduled end")
    dialog.get_by_role("button", name="Withdraw").click()
    expect(dialog.locator("[data-error-summary]")).to_be_focused()
    dialog.get_by_label("Why is it withdrawn?").fill("They stay.")
    look(page, "end-later-withdraw")
    dialog.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#dialog-title")).to_have_text("Withdrawn")
    expect(sidebar.locator("#scheduled-title")).to_have_count(0)
    assert TerminationRequest.objects.get().state == "withdrawn"


def test_the_lists_show_what_is_scheduled_and_what_needs_a_person(visit, look):
    waiting, made = running(ago=2, months=3, net="150"), running(ago=2)
    scheduled.request(
        waiting,
        needs_person_since=timezone.now(),
        refusal_code="acknowledgement_missing",
        refusal_values={},
        refusal_sentence="Please confirm: I know that credit note CN-1 (SGD 50.00) is not the refund made here.",
    )
    scheduled.request(made)
    page = visit("auditor")
    page.goto("/scheduled-ends/")
    expect(page.locator("main")).to_contain_text("Needs a person")
    look(page, "scheduled-ends")
    page.goto(f"/customers/{waiting.organisation.uuid}/subscriptions/")
    expect(page.locator("main")).to_contain_text("ends on")
    look(page, "scheduled-tab")


def test_without_javascript(visit):
    made = running(ago=2, months=3, net="150")
    page = visit("agent", javascript=False)
    page.goto(f"/subscriptions/{made.uuid}/")
    page.get_by_role("link", name="End later").click()
    _fill(page, when="day")
    page.get_by_label("Last day of use").fill((today() + dt.timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Show the estimate").click()
    page.get_by_role("button", name="Schedule the end").click()
    expect(page.locator("#scheduled-title")).to_contain_text("Ends on")
    assert TerminationRequest.objects.get().ends_on == today() + dt.timedelta(days=1)
