"""The home page in the browser: both themes, wide and narrow, by keyboard, without JavaScript."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from subscriptions.models import Subscription
from tests.support import factories
from tests.support.factories import C


@pytest.fixture
def waiting(made):
    today = timezone.now().date()
    for days_from_now in (3, -5, -28):
        other = factories.subscription(organisation=made.organisation, cycles=(C("2026-01-01"),))
        Subscription.objects.filter(pk=other.pk).update(expires_on=today + dt.timedelta(days=days_from_now))
    factories.credit_note(made.organisation, status="sent")


def test_it_can_be_read_by_everybody(visit, waiting, look):
    page = visit("superuser")
    page.goto("/")
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
    look(page, "attention")


def test_nothing_to_do_is_said(visit, live_server, look):
    page = visit("agent")
    page.goto("/")
    expect(page.get_by_text("Nothing needs attention")).to_be_visible()
    look(page, "attention-nothing")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_number_opens_its_list_by_keyboard(visit, waiting, javascript):
    page = visit("agent", javascript=javascript)
    page.goto("/")
    page.get_by_role("link", name="1 Expired, to be ended for good tomorrow at the latest").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Subscriptions")).to_be_visible()
    expect(page.get_by_label("Expiry", exact=True)).to_have_value("last")
    expect(page.locator("main tbody tr")).to_have_count(1)
