"""The widths and themes that a page is looked at in: one page, which is resized, not one for each of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Literal, NamedTuple
from zlib import crc32

from playwright.sync_api import Page

Theme = Literal["light", "dark"]

IS_FULL = os.environ.get("TEST_FULL") == "1"
# WCAG wants no sideways scrolling from 320 pixels on.
NARROW, MEDIUM, WIDE = 320, 768, 1440
# How wide the screen is of whoever goes through the steps that are looked at: as wide as a phone.
WALKED = [360, MEDIUM, WIDE] if IS_FULL else [360]


class Look(NamedTuple):
    width: int
    theme: Theme
    # Nothing but colours depends on the theme, and what has contrast takes two thirds of the time.
    contrast: bool = True


def looks_at(name: str) -> list[Look]:
    """List how a page of this name is looked at: at each width, and with its contrasts once in each theme.

    Which theme is the narrow one depends on the name: over all pages each width comes in each theme. With
    TEST_FULL=1 it does on every page, and there is one width more.
    """
    themes: list[Theme] = ["light", "dark"]
    if IS_FULL:
        return [Look(width, theme) for width, theme in product([NARROW, *WALKED], themes)]
    if crc32(name.encode()) % 2:
        themes.reverse()
    return [Look(NARROW, themes[0]), Look(MEDIUM, themes[0], contrast=False), Look(WIDE, themes[1])]


def set_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


@contextmanager
def resizing(page: Page) -> Iterator[None]:
    """Give a page its width back afterwards, and the theme of those who choose none."""
    size = page.viewport_size
    assert size
    yield
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")


def fits(page: Page) -> bool:
    """Tell whether the page is no wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
