"""Why a log-in is refused before its password is looked at, and in which words."""

from dataclasses import dataclass
from datetime import timedelta

PAUSE = timedelta(seconds=30)
LOCKED, ADDRESS, SLOWED = "locked", "address", "slowed"

REFUSALS = {
    LOCKED: "after too many failures this name is locked for this address",
    ADDRESS: "after too many failures this address is locked for every name",
    SLOWED: "after too many failures this device has to wait between two tries",
}


@dataclass(frozen=True)
class Count:
    """Name what a try counts for: a name at a place, or on a device that is known for it ("" where it is not)."""

    name: str
    place: str | None
    device: str
