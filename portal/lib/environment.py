"""Read what a deployment sets in the environment; what is empty counts as not set.

A variable that can't be read is refused in a sentence: which one it is, what it is, and what it has to be.
*Source*: django-environ would take `yess` for off and `80_00` for a port, and its faults name no variable.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

from portal.lib import numerals

Value = TypeVar("Value")

ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class Unclear(ImproperlyConfigured):
    """Say in one sentence which variable can't be read, and what it has to be."""


def text(name: str, *, default: str = "") -> str:
    """Read a variable as it is."""
    return os.environ.get(name) or default


def whole(name: str, *, default: int, least: int, most: int) -> int:
    """Read a whole number. *Raises*: Unclear."""
    given = text(name)
    if not given:
        return default
    try:
        return numerals.whole(given, least=least, most=most)
    except numerals.Unreadable:
        raise Unclear(f"{name} is {given!r}: it has to be a number from {least} to {most}.") from None


def is_on(name: str, *, meaning: str) -> bool:
    """Say whether a variable is on; `meaning` says what it then says. *Raises*: Unclear."""
    given = text(name)
    if given.lower() in ON:
        return True
    if given and given.lower() not in OFF:
        raise Unclear(f"{name} is {given!r}: it has to be 1 ({meaning}) or 0.")
    return False


def words(name: str, *, read: Callable[[str], Value], right: str, default: str = "") -> list[Value]:
    """Read words with commas between them.

    *Shape*: `read` reads one of them, with ValueError for one that is wrong; `right` says what they have to be.
    *Raises*: Unclear.
    """
    given = text(name, default=default)
    found = []
    for word in filter(None, (word.strip() for word in given.split(","))):
        try:
            found.append(read(word))
        except ValueError:
            raise Unclear(f"{name} has {word!r}: it has to be {right}.") from None
    if given and not found:
        raise Unclear(f"{name} is {given!r}: it has to be {right}.")
    return found
