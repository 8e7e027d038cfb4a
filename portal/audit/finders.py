"""Find the organisations that a text means. The app that knows them declares how, in its `search_finders`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

Finder = Callable[[str], QuerySet[Any, Any]]
"""Gives the UUIDs of the organisations that a text means, as a query."""

_finders: list[Finder] = []


def declare(finder: Finder) -> Finder:
    """Have a finder asked which organisations a text means."""
    _finders.append(finder)
    return finder


def organisations(text: str, *, most: int) -> tuple[UUID, ...]:
    """Find the organisations that a text means, up to so many of each finder. One query for each."""
    return tuple(uuid for finder in _finders for uuid in finder(text)[:most])
