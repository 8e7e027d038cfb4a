"""Declare to the lists where saved filters are found."""

from django.urls import reverse

from portal.lib.http import Request
from portal.lib.lists import saved
from portal.staff import selectors


@saved.declare
def of_staff(request: Request, address: str) -> list[saved.Saved]:
    """Find one's own filters of a list and those that others share. One query."""
    return [
        saved.Saved(
            name=found.name,
            url=f"{address}?{found.query}",
            by="" if found.user_id == request.user.pk else found.by,
            remove_url=reverse("remove_filter", args=[found.pk]) if found.user_id == request.user.pk else "",
        )
        for found in selectors.saved_filters(user=request.user, address=address)
    ]
