"""The steps of a termination as a browser without JavaScript would send them."""

import datetime as dt

from django.urls import reverse

from tests.support import pages

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
REASON = {
    "reason": "too_expensive",
    "explanation": "Found something cheaper.",
    "requested_by": "Ms Tan",
    "requested_on": "2026-03-09",
    "channel": "phone",
}


def address(subscription, name="terminate"):
    return reverse(f"subscriptions:{name}", args=[subscription.uuid])


def step(client, form, **changes):
    """Send a form as it stands, with some fields filled in."""
    return client.post(form.action, form.data(**changes))


def to_refund(client, subscription, **changes):
    """Steps 1 and 2: the popup's form."""
    reason = client.get(address(subscription))
    assert reason.status_code == 200
    shown = step(client, pages.form(reason, action="/refund/"), **{**REASON, **changes})
    assert shown.status_code == 200, pages.words(shown)
    return shown


def to_choice(client, subscription, **changes):
    """Steps 1 to 3: the choice."""
    shown = step(client, pages.form(to_refund(client, subscription, **changes), action="/choice/"))
    assert shown.status_code == 200, pages.words(shown)
    return shown
