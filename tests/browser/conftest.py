"""A real browser against a real server: Chromium of the system, Django's live server, a database that commits."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.browser.looks import fits, looks_at, resizing, set_width
from tests.support import factories
from tests.support.browsing import this_month
from tests.support.clients import begin_session
from tests.support.factories import C

# Playwright's own event loop runs in this thread; Django must not take it for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# What still fades in has not its colours yet; what has a new width learns of it with the next frame.
_SETTLED = """async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const ends = (one) => one.effect.getComputedTiming().iterations !== Infinity;
    await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""
# It also lists each part that passed, which takes longer to bring here than to find.
_AXE = """(contrast) => axe.run({
    resultTypes: ["violations"], rules: { "color-contrast": { enabled: contrast } },
}).then((found) => ({ violations: found.violations }))"""


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
        # The tabs of one person share a process: a new one would compile everything again.
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--renderer-process-limit=1",
        ],
    }


class _Browsers:
    """Browsers of people who come one after another: what a page needs is loaded and compiled once, not for each.

    Each comes without cookies and in a new tab, and finds nothing that somebody else has stored. The last tab of a
    browser takes its process along: one stays open.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._free: dict[bool, list[BrowserContext]] = {True: [], False: []}

    def take(self, *, javascript: bool) -> BrowserContext:
        if self._free[javascript]:
            return self._free[javascript].pop()
        context = self._browser.new_context(
            base_url=self._address, java_script_enabled=javascript, color_scheme="light", reduced_motion="reduce"
        )
        context.new_page().goto("/static/favicon.svg")
        return context

    def give_back(self, context: BrowserContext, *, javascript: bool) -> None:
        stays, *others = context.pages
        for page in others:
            page.close()
        context.clear_cookies()
        context.set_offline(False)
        stays.evaluate("localStorage.clear()")
        self._free[javascript].append(context)


@pytest.fixture(scope="session")
def browsers(browser: Browser, live_server) -> _Browsers:
    # As in the product, a request finds its connection to the database open.
    connections["default"].settings_dict["CONN_MAX_AGE"] = None
    return _Browsers(browser, live_server.url)


@pytest.fixture
def visit(live_server, browsers: _Browsers, make_user: Callable[..., User]):
    """Open a browser for somebody of a role: `page = visit("agent")`. Fails on any console error."""
    opened: list[tuple[BrowserContext, bool, list[str]]] = []
    # The lists re-read themselves after a write: what is still under way must end before the tables are emptied.
    idle = "() => !document.querySelector('.htmx-request')"

    def enter(role: str, *, width: int = 1440, javascript: bool = True) -> Page:
        user = make_user(role, f"{role}-{len(opened) + 1}")
        key = begin_session(user)
        context = browsers.take(javascript=javascript)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page = context.new_page()
        set_width(page, width)
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
        opened.append((context, javascript, said))
        return page

    yield enter
    for context, javascript, _ in opened:
        for page in context.pages[1:]:
            page.wait_for_function(idle)
        browsers.give_back(context, javascript=javascript)
    for _, _, said in opened:
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


def _keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", caret="initial")


def _violations(page: Page, *, contrast: bool = True) -> str:
    """Ask axe, once nothing moves any more, and report its violations."""
    page.evaluate(_SETTLED)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = AxeResults(page.evaluate(_AXE, contrast))
    return str(found.generate_report()) if found.violations_count else ""


@pytest.fixture
def check_axe() -> Callable[[Page], None]:
    """Fail on any accessibility violation that axe finds in the page as it is."""

    def check(page: Page) -> None:
        with _own_styles(page):
            report = _violations(page)
        assert not report, report

    return check


@pytest.fixture
def look() -> Callable[..., None]:
    """Look at a page at each width and in both themes: `look(page, "refund")`. Fails on any accessibility violation
    that axe finds, and where the page is wider than the screen.

    Afterwards the page is as wide as before, and light. With SCREENSHOTS=DIRECTORY a picture of each look is kept
    there; `at` is what has to be in it.
    """

    def take(page: Page, name: str, *, at: Locator | None = None) -> None:
        wrong = []
        with _own_styles(page), resizing(page):
            for width, theme, contrast in looks_at(name):
                set_width(page, width)
                page.emulate_media(color_scheme=theme)
                if report := _violations(page, contrast=contrast):
                    wrong.append(f"{name} at {width}, {theme}: {report}")
                if not fits(page):
                    wrong.append(f"{name} at {width}, {theme}: wider than the screen")
                if at:
                    at.scroll_into_view_if_needed()
                _keep_picture(page, f"{name}-{width}-{theme}")
        assert not wrong, "\n".join(wrong)

    return take


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep a screenshot when SCREENSHOTS names a directory."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("SCREENSHOTS"):
            with _own_styles(page):
                _keep_picture(page, name)

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
