"""The steps of a termination as a browser without JavaScript would send them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.test import Client
from django.urls import reverse

from subscriptions.models import Subscription
from tests.support import pages

if TYPE_CHECKING:
    # The stubs' name of a response that the client has completed.
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
REASON = {
    "reason": "too_expensive",
    "explanation": "Found something cheaper.",
    "requested_by": "Ms Tan",
    "requested_on": "2026-03-09",
    "channel": "phone",
}


def address(subscription: Subscription, name: str = "terminate") -> str:
    return reverse(f"subscriptions:{name}", args=[subscription.uuid])


def step(client: Client, form: pages.Form, **changes: object) -> Response:
    """Send a form as it stands, with some fields filled in."""
    return client.post(form.action, form.data(**changes))


def to_refund(client: Client, subscription: Subscription, **changes: object) -> Response:
    """Steps 1 and 2: the popup's form."""
    reason = client.get(address(subscription))
    assert reason.status_code == 200
    shown = step(client, pages.form(reason, action="/refund/"), **{**REASON, **changes})
    assert shown.status_code == 200, pages.words(shown)
    return shown


def to_choice(client: Client, subscription: Subscription, **changes: object) -> Response:
    """Steps 1 to 3: the choice."""
    shown = step(client, pages.form(to_refund(client, subscription, **changes), action="/choice/"))
    assert shown.status_code == 200, pages.words(shown)
    return shown
