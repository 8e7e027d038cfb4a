"""The cases of the main job in the browser: sums, settings, refusals, and seals that are not the agent's own."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import LedgerEntry
from portal.lib import days
from subscriptions.models import Termination
from tests import factories
from tests.browser.test_main_job import (
    configure,
    give_reason,
    open_sidebar,
    pick,
    terminate_button,
    to_choice,
)
from tests.factories import C


def today() -> dt.date:
    return days.today_in("Asia/Singapore", at=timezone.now())


def running(*, ago: int, **cycle):
    """A subscription whose cycle began so many days ago."""
    first = today() - dt.timedelta(days=ago)
    return factories.subscription(cycles=(C(first.isoformat(), **cycle),), started_on=first.isoformat())


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
    expect(page.locator("#dialog")).to_contain_text(f"SGD 40.00 set against what is still owed on {number}")
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
    expect(page.locator("#sidebar")).to_contain_text(f"It can be terminated from {first}; until then")
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
    expect(page.locator("#dialog tr.is-changed")).to_contain_text("changed")
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
