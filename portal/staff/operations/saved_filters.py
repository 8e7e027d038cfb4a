"""Save the filters of a list under a name, and remove them."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from portal import frame
from portal.audit import operations as audit_operations
from portal.staff.models import SavedFilter

MOST = 50
"""How many filters somebody keeps for one list."""


@dataclass(eq=False)
class TooMany(frame.Refused):
    """There is no room for another filter of this list."""

    code = "too_many_filters"

    most: int


def save_filter(*, user: User, address: str, name: str, query: str, is_shared: bool, at: datetime) -> SavedFilter:
    """Save filters under a name; one's own of the same name is replaced. *Raises*: TooMany."""
    with frame.operation("save_filter"):
        # Two forms of the same person wait for one another, and are counted.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        own = SavedFilter.objects.filter(user=user, address=address)
        if not own.filter(name=name).exists() and own.count() >= MOST:
            raise TooMany(MOST)
        saved, _ = SavedFilter.objects.update_or_create(
            user=user, address=address, name=name, defaults={"query": query, "is_shared": is_shared}
        )
        audit_operations.record(
            "filter.saved",
            sentence=f"The filter “{name}” of {address} was saved{' and shared' if is_shared else ''}.",
            data={"name": name, "list": address, "query": query, "is_shared": is_shared},
            by=frame.Actor.of(user),
            at=at,
        )
    return saved


def remove_filter(*, user: User, pk: int, at: datetime) -> SavedFilter:
    """Remove a filter of one's own. *Raises*: SavedFilter.DoesNotExist."""
    with frame.operation("remove_filter"):
        saved = SavedFilter.objects.select_for_update().get(pk=pk, user=user)
        saved.delete()
        audit_operations.record(
            "filter.removed",
            sentence=f"The filter “{saved.name}” of {saved.address} was removed.",
            data={"name": saved.name, "list": saved.address},
            by=frame.Actor.of(user),
            at=at,
        )
    return saved
