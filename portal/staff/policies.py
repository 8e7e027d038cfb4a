"""Why a log-in is refused before its password is looked at, and in which words."""

LOCKED, ADDRESS, SLOWED = "locked", "address", "slowed"

REFUSALS = {
    LOCKED: "after too many failures this name is locked for this address",
    ADDRESS: "after too many failures this address is locked for every name",
    SLOWED: "after too many failures this device has to wait between two tries",
}
