"""Which usernames are allowed: those that readers of the audit can tell apart, and any keyboard can type."""

import re

LONGEST = 150
RESERVED = ("system", "import")
TAKEN_BY = ("usernames_differ_in_more_than_their_case", "auth_user_username_key")
"""The unique indexes on usernames: Django's, and the one of portal.0002."""

_PLAIN = re.compile(r"[A-Za-z0-9@.+_-]+")


def fault_of(username: str) -> str | None:
    """Say what is wrong with a username, and what would be right; None if it is allowed.

    *Source*: the database checks the same (portal.0002).
    """
    if not _PLAIN.fullmatch(username):
        return "A username has letters from A to Z, digits and @ . + - _ only."
    if len(username) > LONGEST:
        return f"A username has {LONGEST} characters at most."
    if username.lower() in RESERVED:
        return f"Nobody can be called “{username}”: in the audit this names the portal's own work."
    return None
