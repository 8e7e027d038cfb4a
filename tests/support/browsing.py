"""Steps of the main job in a browser, and subscriptions that suit whatever day it is."""

import datetime as dt
from typing import Any

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from customers.models import Organisation
from portal.lib import days
from settings_app.models import ConfigHead, PortalConfigVersion
from subscriptions.models import Subscription
from tests.support import factories
from tests.support.factories import C


def this_month() -> str:
    """A first day two days ago, so that the full-refund window is open whatever today is."""
    return (days.today_in("Asia/Singapore", at=timezone.now()) - dt.timedelta(days=2)).isoformat()


def give_reason(page: Page) -> None:
    page.get_by_label("Reason", exact=False).first.select_option("too_expensive")
    page.get_by_label("Explanation").fill("Found something cheaper.")
    page.get_by_label("Requested by").fill("Ms Tan")
    page.get_by_label("Channel").select_option("phone")


def open_sidebar(page: Page, made: Subscription) -> None:
    page.goto(f"/customers/{made.organisation.uuid}/subscriptions/")
    page.get_by_role("link", name="SIP Trunk").click()
    expect(page.get_by_role("heading", name="Subscription Details")).to_be_visible()


def terminate_button(page: Page) -> Locator:
    return page.locator("#dialog").get_by_role("button", name="Terminate")


def pick(page: Page, option: str) -> None:
    """Choose a radio button as a person does, by its label."""
    page.locator("label", has_text=option).click()
    expect(page.get_by_label(option)).to_be_checked()


def to_choice(page: Page, made: Subscription) -> None:
    """Go through the dialogs from the subscription's own page, which is quicker than from the list."""
    page.goto(f"/subscriptions/{made.uuid}/")
    page.locator("#terminate-button").click()
    expect(page.locator("#dialog").get_by_role("heading", name="Terminate subscription")).to_be_visible()
    give_reason(page)
    terminate_button(page).click()
    expect(page.locator("#dialog").get_by_role("heading", name="Total refund")).to_be_visible()
    terminate_button(page).click()
    expect(page.locator("#dialog").get_by_role("heading", name="How is the refund made?")).to_be_visible()


def configure(**values: Any) -> None:
    last = PortalConfigVersion.objects.latest("number")
    kept = {f.name: getattr(last, f.name) for f in last._meta.fields if f.name not in ("id", "number")}
    version = PortalConfigVersion.objects.create(number=last.number + 1, **{**kept, **values})
    ConfigHead.objects.filter(id=1).update(version=version)


def today() -> dt.date:
    return days.today_in("Asia/Singapore", at=timezone.now())


def renewing(owner: Organisation, **cycle: Any) -> Subscription:
    """A subscription whose renewal is due: its month began 26 days ago, so it expires within 1 to 4 days."""
    first = (today() - dt.timedelta(days=26)).isoformat()
    return factories.subscription(
        organisation=owner, cycles=(C(first, **cycle),), started_on=first, auto_renew=True
    )


def running(*, ago: int, **cycle: Any) -> Subscription:
    """A subscription whose cycle began so many days ago."""
    first = today() - dt.timedelta(days=ago)
    return factories.subscription(cycles=(C(first.isoformat(), **cycle),), started_on=first.isoformat())
