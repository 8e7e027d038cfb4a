"""Find the organisations that a text means. The app that knows them declares how, in its `search_finders`."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

Finder = Callable[[str], QuerySet[Any, Any]]
"""Gives the UUIDs of the organisations that a text means, as a query that becomes a part of another one."""

_finders: list[Finder] = []


def declare(finder: Finder) -> Finder:
    """Have a finder asked which organisations a text means."""
    _finders.append(finder)
    return finder


def organisations(text: str) -> list[QuerySet[Any, Any]]:
    """Give the queries for the organisations that a text means."""
    return [finder(text) for finder in _finders]
