"""Components that a page shows again and again."""

from django import template

from portal.lib import badges, mentions, signposts

register = template.Library()


@register.filter
def with_links(text: str, addresses: dict[str, str] | str) -> str:
    """Write a text with links to what it names; no addresses: as it is."""
    return mentions.linked(text, addresses if isinstance(addresses, dict) else {})


@register.simple_tag
def signpost(kind: str, *args: object) -> str:
    """Give the address of a kind of page that a higher app serves."""
    return signposts.address(kind, *args)


register.simple_tag(badges.badge, name="badge")
