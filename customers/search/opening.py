"""Choose the page that Enter opens: that of the only answer, if there is one."""

from __future__ import annotations

from django.urls import reverse

from customers.search import policies
from customers.search.lookup import Listing


def address(listing: Listing) -> str:
    """Give the address of the only answer, "" where there is none or a choice.

    A single answer counts, whatever it was found by. Where no customer answers, one of several hits counts whose
    whole number was asked for. Similar names are proposals, not answers.
    """
    if listing.newer or listing.older or listing.is_cut:
        return ""
    if not listing.hits and len(listing.rows) == 1:
        return reverse("customers:overview", args=[listing.rows[0].uuid])
    if listing.rows:
        return ""
    asked = policies.folded_number(listing.query)
    hits = listing.hits
    if len(hits) > 1:
        hits = tuple(hit for hit in hits if policies.folded_number(hit.text) == asked)
    return hits[0].url if len(hits) == 1 else ""
