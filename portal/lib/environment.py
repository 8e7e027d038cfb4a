"""Read environment variables. An empty variable counts as not set.

A value that can't be read is refused with a sentence: the variable, its value, and what it has to be.
django-environ reads `SECURE=yess` as off and `PORT=80_00` as 8000, and its errors don't name the variable.
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
    """Read a boolean. `meaning` says in the refusal what 1 stands for. *Raises*: Unclear."""
    given = text(name)
    if given.lower() in ON:
        return True
    if given and given.lower() not in OFF:
        raise Unclear(f"{name} is {given!r}: it has to be 1 ({meaning}) or 0.")
    return False


def words(name: str, *, read: Callable[[str], Value], right: str, default: str = "") -> list[Value]:
    """Read a list separated by commas.

    *Shape*: `read` converts one item and raises ValueError for a wrong one; `right` says what the items have to be.
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
