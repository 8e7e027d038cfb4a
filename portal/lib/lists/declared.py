"""What a list is: rows, columns, sorts, filters and sums, declared once for its page, its file and its tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from moneyed import Money

from portal.lib.lists.filters import Filters
from portal.lib.lists.paging import Sort

R = TypeVar("R")


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column. *Shape*: `value` takes a row apart into a value that `cells` can write; `kind` is its type.

    `sort` is the name of the sort behind the heading. `is_heading` marks the cell that names its row. `on` says
    where the column stands: on the page, in the file, or in both. `may` is the permission of whoever is shown it.
    """

    heading: str
    value: Callable[[R], Any]
    kind: type = str
    sort: str = ""
    is_heading: bool = False
    is_heading_hidden: bool = False
    on: str = "page and file"
    may: str = ""
    css: str = ""

    @property
    def is_on_page(self) -> bool:
        return "page" in self.on

    @property
    def is_in_file(self) -> bool:
        return "file" in self.on


@dataclass(frozen=True)
class Sum:
    """An amount that can be added up by currency.

    *Shape*: `field` is a column of the rows, or an expression; `kind` is the type of cell that writes the sum.
    """

    label: str
    field: Any
    kind: Callable[[Money], Any] = lambda amount: amount


@dataclass(frozen=True)
class Group:
    """What sums can be told apart by. *Shape*: `words` gives the word of a code; `empty` names what has none."""

    name: str
    label: str
    field: str
    words: Mapping[Any, str] = dataclasses.field(default_factory=dict)
    empty: str = "None"


@dataclass(frozen=True)
class Empty:
    """What stands in place of rows, and what to do next."""

    title: str
    text: str
    icon: str = "search"


@dataclass(frozen=True)
class List(Generic[R]):
    """A list. *Shape*: `rows` gives the query of all rows; `read` turns those of a page into values, or
    `read_at(rows, at=...)` where they depend on the day. `whole` gives the query of all rows with what is read of a
    page alone: what `rows` joins, PostgreSQL joins to choose the page as well. It may be made once for all pages.

    Events of the page (`HX-Trigger`) after which the list reads itself again stand in `events`.
    The first of `sorts` is the usual one. `name` is that of the file.
    """

    name: str
    title: str
    about: str
    permission: str
    rows: Callable[[], QuerySet[Any, Any]]
    columns: tuple[Column[R], ...]
    sorts: tuple[Sort, ...]
    empty: Empty
    whole: Callable[[], QuerySet[Any, Any]] | None = None
    read: Callable[[Sequence[Any]], Sequence[R]] | None = None
    read_at: Callable[..., Sequence[R]] | None = None
    filters: type[Filters] = Filters
    no_match: Empty = Empty("Nothing matches", "Loosen a filter, or clear them all.")
    sums: tuple[Sum, ...] = ()
    groups: tuple[Group, ...] = ()
    currency: str = "currency"
    events: tuple[str, ...] = ()

    def values(self, found: Sequence[Any], *, at: datetime) -> Sequence[R]:
        """Turn rows into values, as they are at an instant where that makes a difference."""
        if self.read_at:
            return self.read_at(found, at=at)
        if self.read:
            return self.read(found)
        raise ValueError(f"The list {self.name} says nowhere how its rows are read.")

    def sort_of(self, asked: str, *, needed: str = "") -> Sort:
        """Give the sort that an address asks for; the usual one where it asks for none that there is.

        *Shape*: `needed` is the sort that the filters need (`Filters.sort_needed`); only its direction is free.
        """
        ways = self.ways(needed)
        return next((way for way in ways if way.asked == asked), ways[0])

    def ways(self, needed: str = "") -> list[Sort]:
        """Give the sorts in both directions, the usual one first; of a sort that is needed, its own alone."""
        sorts = (sort for sort in self.sorts if needed in ("", sort.name))
        return [way for sort in sorts for way in (sort, sort.reversed_())]
