"""Say what is wrong with what somebody filled in, and what would be right: one text for each kind of mistake.

What a text can't be read as is said by its reader: `numerals`, `days`, `addresses`, `text`. No Django.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from portal.lib import days

INCOMPLETE = "The page was not complete; open it again."
"""A hidden field does not hold what the portal wrote into it."""

NOT_CHOSEN = "Nothing is chosen; expected one of the list."
NOT_IN_LIST = "What was chosen is not in the list; expected one of the list."


def empty(*, right: str) -> str:
    """Say that nothing was given. *Shape*: `right` goes on after "expected"."""
    return f"This is empty; expected {right}."


def too_long(*, count: int, most: int) -> str:
    """Say that a text has too many characters."""
    return f"This has {count:,} characters; expected at most {most:,}."


def too_little(amount: Decimal, *, least: Decimal) -> str:
    """Say that an amount is below the least."""
    return f"“{amount:f}” is too little; expected {least:f} or more."


def in_the_future(*, today: date) -> str:
    """Say that a day has not come yet."""
    return f"This day is in the future; expected {days.display(today)} or an earlier day."


def too_early(*, first: date) -> str:
    """Say that a day is before the first that is possible."""
    return f"This day is too early; expected {days.display(first)} or a later day."


UUID = "a UUID such as 0f4c6ab2-7d1e-4b6a-9c53-2e8d1f7a9b04"
"""What a UUID looks like, as it goes on after "expected"."""


def not_a_uuid(given: str) -> str:
    """Say that a text is no UUID."""
    return f"“{given}” is not a UUID; expected {UUID}."


def not_a_code(given: str) -> str:
    """Say that a text holds what no code may hold."""
    return f"“{given}” is not a code; expected letters, digits, hyphens and underscores."
