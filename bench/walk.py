"""The way of a termination as htmx goes it: reason, total refund, choice, Apply, each a fragment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tests.support import pages

HTMX = {"HX-Request": "true"}


class Browser(Protocol):
    """Who asks for pages and sends forms; when something else than a page comes, it raises."""

    def get(self, address: str, /, *, headers: Mapping[str, str]) -> Any:
        """Ask for a page."""

    def post(self, address: str, data: Mapping[str, object], /, *, headers: Mapping[str, str]) -> Any:
        """Send a form."""


def to_choice(browser: Browser, subscription: str) -> dict[str, Any]:
    """Go up to the page whose button commits. Writes nothing. Gives the pages by name, in their order."""
    reason = browser.get(f"/subscriptions/{subscription}/terminate/", headers=HTMX)
    refund = _send(
        browser,
        reason,
        "/refund/",
        reason="too_expensive",
        explanation="Found something cheaper.",
        requested_by="Ms Tan",
        channel="phone",
    )
    return {"reason": reason, "refund": refund, "choice": _send(browser, refund, "/choice/")}


def apply(browser: Browser, choice: Any) -> Any:
    """Press Apply: no credit note has been sent, and everything is acknowledged."""
    return _send(
        browser, choice, "/apply/", choice="automatic", acknowledge=pages.values(choice, name="acknowledge")
    )


def _send(browser: Browser, shown: Any, action: str, **filled: object) -> Any:
    form = pages.form(shown, action=action)
    return browser.post(form.action, form.data(**filled), headers=HTMX)
