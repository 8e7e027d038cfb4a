"""Show the pages of docs/ that are written for whoever works with the portal."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Name of the file and of the address, and of the tab.
PAGES = {
    "refunds": "Refunds",
    "actions": "Actions",
    "lists": "Lists",
    "renewals": "Renewals",
    "notifications": "Notifications",
    "clean-up": "Clean-up",
    "glossary": "Glossary",
}

# Markup in a page is shown as it is written, and what the address of a link may be is for the library to say.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Page:
    """A page of help: its first heading, and all below it."""

    title: str
    body: SafeString


@cache
def page(name: str) -> Page:
    """Read a page from its file, once in the life of a process. *Raises*: KeyError for one that is no help."""
    if name not in PAGES:
        raise KeyError(name)
    return rendered((settings.BASE_DIR / "docs" / f"{name}.md").read_text(encoding="utf-8"))


def rendered(text: str) -> Page:
    """Turn Markdown into a page of the portal: with its classes, its addresses and without inline styles."""
    _, title, _, *rest = _MARKDOWN.parse(text)
    body = _MARKDOWN.renderer.render(list(_of_the_portal(rest)), _MARKDOWN.options, {})
    return Page(title=title.content, body=SafeString(body))


def _of_the_portal(tokens: Sequence[Token]) -> Iterator[Token]:
    heading, numbers = "", count(1)
    for token, following in zip(tokens, (*tokens[1:], None), strict=True):
        if token.type == "heading_open" and following:
            heading = following.content
            token.attrSet("id", _anchor(heading))
        if token.type == "table_open":
            # A table that is too wide scrolls: a region with a name of its own, which the keyboard can reach.
            yield _markup(
                format_html(
                    '<div class="table-wrap" role="region" tabindex="0" aria-label="Table {}: {}">',
                    next(numbers),
                    heading,
                )
            )
            token.attrSet("class", "table")
        # A column's side: the policy refuses inline styles.
        if str(token.attrs.pop("style", "")).endswith("right"):
            token.attrSet("class", "num")
        if token.children:
            token.children = list(_linked(token.children))
        yield token
        if token.type == "table_close":
            yield _markup("</div>")


def _markup(text: str) -> Token:
    return Token("html_block", "", 0, content=text)


def _linked(tokens: Sequence[Token]) -> Iterator[Token]:
    """Lead to pages of help and to other sites; what else a page links to is only named."""
    is_left_out = False
    for token in tokens:
        if token.type == "link_open":
            address = _address(str(token.attrs["href"]))
            is_left_out = not address
            token.attrSet("href", address)
        if not (is_left_out and token.type in ("link_open", "link_close")):
            yield token


def _address(link: str) -> str:
    file, hash_, anchor = link.partition("#")
    name = file.removesuffix(".md")
    if "://" in link or not file:
        return link
    return f"{reverse('help_page', args=[name])}{hash_}{anchor}" if name in PAGES and name != file else ""


def _anchor(heading: str) -> str:
    """Name a heading as sites that show Markdown do, so that a link leads there in both places."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
