"""Components that a page shows again and again."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string

from portal.lib import mentions, signposts

register = template.Library()


@register.filter
def with_links(text: str, addresses: dict[str, str] | str) -> str:
    """Write a text with links to what it names; no addresses: as it is."""
    return mentions.linked(text, addresses if isinstance(addresses, dict) else {})


@register.simple_tag
def signpost(kind: str, *args: object) -> str:
    """Give the address of a kind of page that a higher app serves."""
    return signposts.address(kind, *args)


@register.simple_tag
@lru_cache(maxsize=256)
def badge(status: str, label: str = "", tone: str = "") -> str:
    """Show a status as `components/badge.html` does.

    A list has one in each of its rows, drawn by three templates inside one another, and few are different: each is
    rendered once.
    """
    return render_to_string("components/badge.html", {"status": status, "label": label, "tone": tone})
