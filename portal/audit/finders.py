"""Find the organisations that a text means. The app that knows them declares how, in its `search_finders`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from portal.lib import declarations

Finder = Callable[[str], QuerySet[Any, Any]]
"""Gives the UUIDs of the organisations that a text means, as a query."""

_finders: declarations.Declarations[list[Finder]] = declarations.Declarations("search_finders", [])


def declare(finder: Finder) -> Finder:
    """Have a finder asked which organisations a text means."""
    _finders.so_far.append(finder)
    return finder


def organisations(text: str, *, most: int) -> tuple[UUID, ...]:
    """Find the organisations that a text means, up to so many of each finder. One query for each."""
    return tuple(uuid for finder in _finders.all() for uuid in finder(text)[:most])
