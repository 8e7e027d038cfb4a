"""Filters that somebody has saved under a name. Who keeps them declares how they are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal.lib import declarations
from portal.lib.http import Request


@dataclass(frozen=True)
class Saved:
    """A saved filter. *Shape*: `by` names whoever shares it, "" for one's own, which `remove_url` removes."""

    name: str
    url: str
    by: str = ""
    remove_url: str = ""


Finder = Callable[[Request, str], Sequence[Saved]]
"""Finds the filters of the list at an address that whoever asks may use, in one query."""

_finders: declarations.Declarations[list[Finder]] = declarations.Declarations("saved_filters", [])


def declare(finder: Finder) -> Finder:
    """Have a finder asked for the saved filters of each list."""
    _finders.so_far.append(finder)
    return finder


def of_list(request: Request, address: str) -> tuple[Saved, ...]:
    """Find the saved filters of the list at an address."""
    return tuple(found for finder in _finders.all() for found in finder(request, address))
