"""Declare what the refusals about staff and their filters say."""

from portal import frame
from portal.staff import selectors
from portal.staff.operations import accounts, saved_filters

frame.declare(
    {
        accounts.UsernameTaken: lambda refusal: selectors.taken(refusal.username),
        saved_filters.TooMany: lambda refusal: (
            f"You keep {refusal.most} filters of this list already: remove one first."
        ),
    }
)
