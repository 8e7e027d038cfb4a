"""An end later, in the browser: asked for from the sidebar, listed, withdrawn; on a phone; without JavaScript."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from subscriptions.models import TerminationRequest
from tests.support import scheduled
from tests.support.browsing import open_sidebar, running, today


def _fill(page, **said):
    page.locator("#id_when").select_option(said.get("when", "cycle"))
    page.get_by_label("Reason").select_option("too_expensive")
    page.get_by_label("Explanation").fill("They move out.")
    page.get_by_label("Requested by").fill("Ms Tan")
    page.get_by_label("Channel").select_option("phone")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")])
def test_from_the_sidebar_and_back(visit, check_axe, shot, width, theme):
    made = running(ago=2, months=3, net="150")
    page = visit("agent", width=width, theme=theme)
    open_sidebar(page, made)
    page.get_by_role("link", name="End later").click()
    dialog = page.locator("#dialog")
    expect(page.locator("#dialog-title")).to_have_text("End later")
    check_axe(page)
    shot(page, f"end-later-form-{width}-{theme}")
    _fill(dialog)
    dialog.get_by_role("button", name="Show the estimate").click()
    expect(page.locator("#dialog-title")).to_contain_text("Estimate for")
    check_axe(page)
    shot(page, f"end-later-estimate-{width}-{theme}")
    dialog.get_by_role("button", name="Schedule the end").click()
    expect(page.locator("#dialog-title")).to_have_text("Scheduled")
    check_axe(page)
    page.keyboard.press("Escape")
    sidebar = page.locator("#sidebar")
    expect(sidebar.locator("#scheduled-title")).to_contain_text("Ends on")
    sidebar.locator("#scheduled-title").scroll_into_view_if_needed()
    check_axe(page)
    shot(page, f"end-later-sidebar-{width}-{theme}")
    sidebar.get_by_role("link", name="Withdraw the scheduled end").click()
    expect(page.locator("#dialog-title")).to_have_text("Withdraw the scheduled end")
    shot(page, f"end-later-withdraw-{width}-{theme}")
    dialog.get_by_role("button", name="Withdraw").click()
    expect(dialog.locator("[data-error-summary]")).to_be_focused()
    dialog.get_by_label("Why is it withdrawn?").fill("They stay.")
    check_axe(page)
    dialog.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#dialog-title")).to_have_text("Withdrawn")
    expect(sidebar.locator("#scheduled-title")).to_have_count(0)
    assert TerminationRequest.objects.get().state == "withdrawn"


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_the_lists_show_what_is_scheduled_and_what_needs_a_person(visit, check_axe, shot, width, theme):
    waiting, made = running(ago=2, months=3, net="150"), running(ago=2)
    scheduled.request(
        waiting,
        needs_person_since=timezone.now(),
        refusal_code="acknowledgement_missing",
        refusal_values={},
        refusal_sentence="Please confirm: I know that credit note CN-1 (SGD 50.00) is not the refund made here.",
    )
    scheduled.request(made)
    page = visit("auditor", width=width, theme=theme)
    page.goto("/scheduled-ends/")
    expect(page.locator("main")).to_contain_text("Needs a person")
    check_axe(page)
    shot(page, f"scheduled-ends-{width}-{theme}")
    page.goto(f"/customers/{waiting.organisation.uuid}/subscriptions/")
    expect(page.locator("main")).to_contain_text("ends on")
    check_axe(page)
    shot(page, f"scheduled-tab-{width}-{theme}")


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
