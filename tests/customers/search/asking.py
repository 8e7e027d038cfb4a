"""Ask the search as a page does, for names alone."""

from customers.search import lookup


def names(query: str) -> list[str]:
    """Find names, those in first place and the similar ones, in their order."""
    listing = lookup.organisations(query)
    return [row.name for row in (*listing.rows, *listing.similar)]


def similar_to(query: str) -> list[str]:
    """Find the similar ones alone, as somebody who asks for them gets them."""
    return [row.name for row in lookup.organisations(query, with_similar=True).similar]
