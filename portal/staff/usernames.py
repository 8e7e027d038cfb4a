"""What a username may be: told apart by everybody who reads the audit, on any keyboard."""

import re

LONGEST = 150
RESERVED = ("system", "import")
TAKEN_BY = ("usernames_differ_in_more_than_their_case", "auth_user_username_key")
"""What refuses a username that somebody was given a moment ago (Django's own index, and that of portal.0002)."""

_PLAIN = re.compile(r"[A-Za-z0-9@.+_-]+")


def fault_of(username: str) -> str | None:
    """Say what is wrong with a username, and what would be right; None where nothing is.

    *Source*: the database asks the same (portal.0002).
    """
    if not _PLAIN.fullmatch(username):
        return "A username has letters from A to Z, digits and @ . + - _ only."
    if len(username) > LONGEST:
        return f"A username has {LONGEST} characters at most."
    if username.lower() in RESERVED:
        return f"Nobody can be called “{username}”: in the audit this names the portal's own work."
    return None
