"""A real browser against a real server: Chromium of the system, Django's live server, a database that commits."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support import factories
from tests.support.browsing import this_month
from tests.support.factories import C

Theme = Literal["light", "dark"]

# Playwright's own event loop runs in this thread; Django must not take it for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test and needs committed rows."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Take the system's Chromium, its headless shell where there is one. Without it they fail."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert path, "The browser tests need Chromium: run them through ./test, or set CHROMIUM to its path."
    return {
        **browser_type_launch_args,
        "executable_path": path,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture
def visit(live_server, browser: Browser, make_user: Callable[..., User]):
    """Open a browser for somebody of a role: `page = visit("agent")`. Fails on any console error."""
    opened: list[tuple[BrowserContext, list[str]]] = []
    # The lists re-read themselves after a write: what is still under way must end before the tables are emptied.
    idle = "() => !document.querySelector('.htmx-request')"

    def enter(role: str, *, width: int = 1440, theme: Theme = "light", javascript: bool = True) -> Page:
        user = make_user(role, f"{role}-{len(opened) + 1}")
        session = SessionStore()
        session["_auth_user_id"] = str(user.pk)
        session["_auth_user_backend"] = "portal.staff.permissions.Backend"
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.save()
        assert session.session_key
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_server.url}]
        )
        page = context.new_page()
        said: list[str] = []
        page.said = said  # type: ignore[attr-defined]  # ours, for what follows
        page.on(
            "console",
            # The browser reports every answer of 409 and 422 here; the tests look at those themselves.
            lambda message: (
                said.append(message.text) if message.type == "error" and "status of 4" not in message.text else None
            ),
        )
        page.on("pageerror", lambda error: said.append(str(error)))
        # When to call it a hang, on a machine that is busy with something else, too.
        page.set_default_timeout(60_000)
        opened.append((context, said))
        return page

    yield enter
    for context, said in opened:
        for page in context.pages:
            page.wait_for_function(idle)
        context.close()
        assert said == [], said


@contextmanager
def _own_styles(page: Page) -> Iterator[None]:
    """Forget what the console said: axe and the screenshot try inline styles of their own, which the Content
    Security Policy refuses. That is not the page's fault."""
    said: list[str] = page.said  # type: ignore[attr-defined]  # ours
    before = len(said)
    yield
    page.wait_for_timeout(50)
    del said[before:]


# What still fades in has not its colours yet.
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().iterations !== Infinity)
    .map((one) => one.finished.catch(() => null))).then(() => true)"""


@pytest.fixture
def check_axe() -> Callable[[Page], None]:
    """Fail on any accessibility violation that axe finds, once nothing moves any more."""

    def check(page: Page) -> None:
        page.evaluate(_SETTLED)
        with _own_styles(page):
            found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

    return check


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep a screenshot when SCREENSHOTS names a directory."""

    def take(page: Page, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            with _own_styles(page):
                page.screenshot(path=f"{folder}/{name}.png", caret="initial")

    return take


@pytest.fixture
def made(live_server):
    """A renewing subscription whose cycle has just begun."""
    organisation = factories.OrganisationFactory.create(name="Zürich Telecom AG")
    return factories.subscription(
        organisation=organisation,
        cycles=(C(this_month(), net="50", tax="4.50"),),
        numbers=("+6530000001",),
        auto_renew=True,
    )
