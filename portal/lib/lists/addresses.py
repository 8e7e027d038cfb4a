"""The addresses of a list: which words ask for what, and how one page leads to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.http import urlencode

from portal.lib.lists import paging
from portal.lib.lists.paging import Key

SORT, AFTER, BEFORE, FORMAT, SUMS = "sort", "after", "before", "format", "sums"


@dataclass(frozen=True)
class Addresses:
    """The addresses of a list that keep what was asked. *Shape*: `given` is the query as it came."""

    path: str
    given: Mapping[str, str]
    prefix: str

    def with_(self, **words: str) -> str:
        """Give the address of the first page, asked otherwise."""
        dropped = {self.prefix + AFTER, self.prefix + BEFORE, FORMAT, SUMS}
        kept = {name: value for name, value in self.given.items() if value and name not in dropped}
        return f"{self.path}?{urlencode({**kept, **words})}" if kept or words else self.path

    def page(self, key: Key | None, *, or_first: bool = False) -> str:
        """Give the address of the page that a key begins; empty for none."""
        if key is None:
            return self.with_() if or_first else ""
        return self.with_(**{self.prefix + (BEFORE if key.is_before else AFTER): paging.written(key)})
