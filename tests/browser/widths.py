"""Measure what sticks out of its place, or is cut off there; and what is long and narrow enough to show it."""

from playwright.sync_api import Page

GERMAN = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
SKU = "BUNDLE_SIP_TRUNK_UNLIMITED_EU_2026_Q4_PROMO_24M"
WIDTHS = [320, 768, 1440]

# How often what was found is looked at again.
LOOKS = 20
# What scrolls sideways on purpose, in a region of its own.
_SCROLLS = ".table-wrap, .tabs ul, .shell-nav ul"
_MEASURE = """
    async (scrolls) => {
        // What slides in stands aside until it has arrived.
        const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity;
        const moving = document.getAnimations().filter(ends);
        await Promise.allSettled(moving.map((one) => one.finished));
        const wide = [];
        const name = (e) => e.tagName.toLowerCase() + "." + String(e.className).replaceAll(" ", ".")
            + " “" + e.textContent.trim().slice(0, 50) + "”";
        const isClipped = (e) => e && (getComputedStyle(e).clipPath !== "none" || isClipped(e.parentElement));
        const isHidden = (e) => e.closest(".visually-hidden, .progress-line, .skip-link")
            || isClipped(e) || !e.checkVisibility();
        if (document.documentElement.scrollWidth > window.innerWidth) wide.push("the page");
        for (const element of document.body.querySelectorAll("*")) {
            if (isHidden(element)) continue;
            const box = element.getBoundingClientRect();
            if (!box.width || !box.height) continue;
            // The nearest part around it that cuts off or scrolls; else the screen.
            let around = element.parentElement;
            while (around && getComputedStyle(around).overflowX === "visible") around = around.parentElement;
            if (around && around.matches(scrolls)) continue;
            const limit = around && around !== document.body && around !== document.documentElement
                ? around.getBoundingClientRect() : { left: 0, right: window.innerWidth };
            if (box.right > limit.right + 1 || box.left < limit.left - 1) wide.push(name(element));
            // Text without a place to break sticks out of its own box.
            const style = getComputedStyle(element);
            const isText = Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
            if (isText && style.display !== "inline" && style.textOverflow !== "ellipsis"
                && element.scrollWidth > element.clientWidth + 1 && element.clientWidth
                && !["SELECT", "INPUT", "TEXTAREA", "OPTION"].includes(element.tagName)
                && !element.closest(scrolls)) wide.push("text of " + name(element));
        }
        return wide;
    }
"""

_HERE_IS_HIDDEN = """
    () => {
        const here = document.querySelector(".shell-nav a[aria-current]");
        const box = here && here.getBoundingClientRect();
        return Boolean(box) && (box.left < 0 || box.right > window.innerWidth);
    }
"""


def hides_where_one_is(page: Page) -> bool:
    """Say whether the navigation has scrolled the entry of the page out of sight."""
    hidden: bool = page.evaluate(_HERE_IS_HIDDEN)
    return hidden


def too_wide(page: Page) -> list[str]:
    """List what is wider than the screen or than the part that holds it.

    A part that reads itself again may slide in just now: what was found is looked at again, as Playwright's own
    expectations do. What is really too wide stays so.
    """
    found: list[str] = page.evaluate(_MEASURE, _SCROLLS)
    for _ in range(LOOKS):
        if not found:
            break
        page.wait_for_timeout(100)
        found = page.evaluate(_MEASURE, _SCROLLS)
    return found
