"""What was typed survives Esc, Back, a reload and an ended session; and is gone at Apply and when one logs out."""

import re

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from subscriptions.models import Termination
from tests.support import factories
from tests.support.browsing import configure, open_sidebar, running, terminate_button, to_choice
from tests.support.factories import C

NOTE = "What you typed before is filled in again."


def open_form(page: Page, made) -> None:
    open_sidebar(page, made)
    page.locator("#terminate-button").click()
    expect(page.locator("#dialog-title")).to_have_text("Terminate subscription")


def type_a_little(page: Page) -> None:
    page.get_by_label("Reason", exact=False).first.select_option("too_expensive")
    page.get_by_label("Explanation").press_sequentially("Found something")
    page.get_by_label("Requested by").press_sequentially("Ms Tan")


def is_filled_in(page: Page) -> None:
    expect(page.get_by_text(NOTE)).to_be_visible()
    expect(page.get_by_label("Reason", exact=False).first).to_have_value("too_expensive")
    expect(page.get_by_label("Explanation")).to_have_value("Found something")
    expect(page.get_by_label("Requested by")).to_have_value("Ms Tan")
    expect(page.get_by_label("Channel")).to_have_value("")


def is_empty(page: Page) -> None:
    expect(page.get_by_label("Explanation")).to_have_value("")
    expect(page.get_by_label("Requested by")).to_have_value("")
    expect(page.get_by_text(NOTE)).to_be_hidden()


def kept(page: Page) -> list[str]:
    return list(page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('portal-kept:'))"))


def test_through_esc_and_a_reload(visit, check_axe):
    made, other = running(ago=2), running(ago=2)
    page = visit("agent")
    open_form(page, made)
    is_empty(page)
    type_a_little(page)
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    page.locator("#terminate-button").click()
    is_filled_in(page)
    check_axe(page)
    page.reload()
    page.locator("#terminate-button").click()
    is_filled_in(page)
    # The address of the form itself, too.
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    is_filled_in(page)
    # Another subscription has a form of its own.
    page.goto(f"/subscriptions/{other.uuid}/terminate/")
    is_empty(page)


def test_starting_empty(visit):
    made = running(ago=2)
    page = visit("agent")
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    type_a_little(page)
    page.reload()
    is_filled_in(page)
    today = page.get_by_label("Requested on").input_value()
    page.get_by_role("button", name="Start empty").click()
    expect(page.get_by_label("Reason", exact=False).first).to_be_focused()
    expect(page.get_by_label("Reason", exact=False).first).to_have_value("")
    expect(page.get_by_label("Requested on")).to_have_value(today)
    is_empty(page)
    assert kept(page) == []
    page.reload()
    is_empty(page)


def test_through_an_ended_session(visit):
    made = running(ago=2)
    page = visit("agent")
    user = User.objects.get(username="agent-1")
    user.set_password("secret-word-1")
    user.save()
    # The new password ends the session that stood.
    Session.objects.all().delete()
    page.goto("/log-in/")
    log_in(page, user.username)
    open_form(page, made)
    type_a_little(page)
    Session.objects.all().delete()
    terminate_button(page).click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert kept(page) == [f"portal-kept:{user.pk}:{made.uuid}"]
    log_in(page, user.username)
    page.locator("#terminate-button").click()
    is_filled_in(page)


def log_in(page: Page, username: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill("secret-word-1")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Log in")).to_have_count(0)


def test_it_is_gone_when_one_logs_out(visit):
    made = running(ago=2)
    page = visit("agent")
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    type_a_little(page)
    assert len(kept(page)) == 1
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert kept(page) == []


def test_whoever_comes_next_in_the_same_tab_finds_nothing(visit):
    made = running(ago=2)
    page = visit("agent")
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    type_a_little(page)
    # As somebody else would have left it: only the name of the user differs.
    page.evaluate(
        """(uuid) => {
            sessionStorage.setItem("portal-kept:0:" + uuid, JSON.stringify({explanation: "Not yours."}));
        }""",
        str(made.uuid),
    )
    page.reload()
    is_filled_in(page)
    assert len(kept(page)) == 1


def test_it_is_gone_at_apply(visit):
    made, other = running(ago=2), running(ago=2)
    page = visit("agent")
    page.goto(f"/subscriptions/{other.uuid}/terminate/")
    type_a_little(page)
    to_choice(page, made)
    assert len(kept(page)) == 2
    page.locator("label", has_text="No credit note has been sent").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#dialog")).to_contain_text("terminated.")
    assert kept(page) == [key for key in kept(page) if str(other.uuid) in key]
    assert len(kept(page)) == 1
    assert Termination.objects.count() == 1


def test_a_reason_that_is_no_longer_offered_is_not_filled_in(visit):
    made = running(ago=2)
    page = visit("agent")
    page.goto(f"/subscriptions/{made.uuid}/terminate/")
    key = kept_after_a_letter(page)
    page.evaluate("(key) => sessionStorage.setItem(key, JSON.stringify({reason: 'gone', ticket: 'T-1'}))", key)
    page.reload()
    expect(page.get_by_label("Ticket reference")).to_have_value("T-1")
    expect(page.get_by_label("Reason", exact=False).first).to_have_value("")


def kept_after_a_letter(page: Page) -> str:
    page.get_by_label("Ticket reference").press_sequentially("x")
    return kept(page)[0]


def test_simplified_and_expired_forms_keep_it_too(visit):
    configure(termination_method="simplified")
    expired = factories.subscription(cycles=(C("2026-01-01"),))
    page = visit("agent")
    page.goto(f"/subscriptions/{expired.uuid}/terminate/")
    page.get_by_label("Explanation").press_sequentially("Long gone.")
    page.reload()
    expect(page.get_by_label("Explanation")).to_have_value("Long gone.")
    page.get_by_role("button", name="Terminate").click()
    expect(page.locator("body")).to_contain_text(re.compile("terminated\\."))
    page.goto(f"/subscriptions/{expired.uuid}/")
    assert kept(page) == []
