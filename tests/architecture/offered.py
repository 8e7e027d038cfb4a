"""What lists offer: their addresses, and values that their filters take."""

from __future__ import annotations

from typing import Any

from django.urls import resolve, reverse

from portal.lib.lists import List, filters
from tests.support.addresses import ARGUMENTS, TABLE


def lists() -> list[tuple[str, List[Any]]]:
    """Find the addresses of lists, with their declarations: their views carry them."""
    addresses = [reverse(name) for name, (row, _) in TABLE.items() if not row and name not in ARGUMENTS]
    found = [(address, getattr(resolve(address).func, "list", None)) for address in addresses]
    return [(address, list_) for address, list_ in found if list_ is not None]


def values(filter_: Any) -> list[str]:
    """Give values that a filter takes: every choice, or one of its kind."""
    if isinstance(filter_, filters.Choice):
        return [str(code) for code, _ in filter_.field.choices if code]
    if isinstance(filter_, filters.From):
        return ["2026-03-10"]
    if isinstance(filter_, filters.Amount | filters.Count):
        return ["1"]
    if isinstance(filter_, filters.Currency):
        return ["sgd"]
    if isinstance(filter_, filters.Uuid):
        return ["11111111-2222-3333-4444-555555555555"]
    return ["Organisation", "000"]
