"""Page through rows by key, in two directions: keyset paging, as quick after a million rows as on the first page.

A key names a row by the values that its list is sorted by, so a page neither skips nor repeats a row while others
come and go. Django and django-filter page by offset, which reads all rows before the page.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, Func, Model, QuerySet, Value

ROOM = 50
"""Rows on a page."""
WINDOW = 5_000
"""How many rows one page looks through for what no index finds."""

_BETWEEN = "~"
_LONGEST_KEY = 400
_BIGGEST = 2**63 - 1

R = TypeVar("R")
Query = QuerySet[Any, Any]


class NoSuchPlace(ValueError):
    """Say that a text is no key of a list."""


@dataclass(frozen=True)
class Sort:
    """A way to sort a list, in both directions.

    *Shape*: `name` stands in the address; `fields` belong to one index and end in one that tells all rows apart;
    where the first may be empty, `may_be_empty` says so. `ascending` and `descending` are the directions in words.
    """

    name: str
    fields: tuple[str, ...]
    ascending: str
    descending: str
    is_descending: bool = True
    may_be_empty: bool = False

    def reversed_(self) -> Sort:
        """Give the same sort in the other direction."""
        return Sort(
            self.name, self.fields, self.ascending, self.descending, not self.is_descending, self.may_be_empty
        )

    @property
    def words(self) -> str:
        """Say the direction."""
        return self.descending if self.is_descending else self.ascending

    @property
    def asked(self) -> str:
        """Write the sort as an address has it."""
        return f"-{self.name}" if self.is_descending else self.name


NEWEST = Sort("newest", ("id",), ascending="oldest first", descending="newest first")
"""The order in which rows came."""


@dataclass(frozen=True)
class Key:
    """The row that a page begins behind, or before. *Shape*: `values` are those of the sort's fields."""

    values: tuple[Any, ...]
    is_before: bool = False


@dataclass(frozen=True)
class Page(Generic[R]):
    """Rows in the order of their sort.

    *Shape*: `previous` and `next` are the keys of the pages beside this one, None where there is none. `looked_at`
    is the last row that was looked at where the page ended for that reason, before it was full.
    """

    rows: tuple[R, ...]
    previous: Key | None
    next: Key | None
    looked_at: Any = None


def page_of(
    rows: Query,
    *,
    sort: Sort,
    whole: Query | None = None,
    key: Key | None = None,
    narrow: Callable[[Query], Query] | None = None,
    room: int = ROOM,
    window: int = WINDOW,
) -> Page[Any]:
    """Read the page behind or before a key; the first one without. One query.

    It chooses the rows of the page by their index first, and joins what is shown of them (`whole`: the rows without
    filters) to these alone: left to itself, PostgreSQL may begin with a table that is joined, and beyond eight
    tables it joins all rows before it looks which ones are wanted.

    `narrow` adds what no index answers. Then the page looks at so many rows as the window holds and no further,
    which takes one query more: it ends there, though it may be short, and the next one goes on.
    """
    is_before = key is not None and key.is_before
    found: list[Any] = []
    looked_at = None
    for part in _parts(rows, sort=sort, key=key):
        if narrow is not None:
            looked_at = part.last_of(window)
            part = part.up_to(looked_at, narrow)
        chosen = part.rows[: room + 1 - len(found)].values("pk")
        found += part.in_order(rows if whole is None else whole).filter(among(chosen))
        if len(found) > room:
            looked_at = None
        if len(found) > room or looked_at is not None:
            break
    has_more = len(found) > room
    if is_before and not has_more and looked_at is None:
        # Fewer than a page are left towards the beginning: the first page has them all.
        return page_of(rows, sort=sort, whole=whole, narrow=narrow, room=room, window=window)
    found = found[:room]
    ahead = _values(found[-1], sort) if has_more else looked_at
    behind = None if key is None or not found else _values(found[0], sort)
    if is_before:
        found.reverse()
        ahead, behind = behind, ahead
    return Page(
        rows=tuple(found),
        previous=Key(behind, is_before=True) if behind else None,
        next=Key(ahead) if ahead else None,
        looked_at=looked_at[0] if looked_at else None,
    )


def everything(
    rows: Query,
    *,
    sort: Sort,
    whole: Query | None = None,
    narrow: Callable[[Query], Query] | None = None,
    batch: int = 1_000,
) -> Iterator[list[Any]]:
    """Read all rows, batch by batch; none that comes in meanwhile ahead of the place that was reached."""
    key: Key | None = None
    while True:
        page = page_of(rows, sort=sort, whole=whole, key=key, narrow=narrow, room=batch, window=batch * 20)
        if page.rows:
            yield list(page.rows)
        if page.next is None:
            return
        key = page.next


def written(key: Key) -> str:
    """Write a key for an address."""
    return _BETWEEN.join(_word(value) for value in key.values)


def read(text: str, *, of: type[Model], sort: Sort, is_before: bool = False) -> Key:
    """Read a key out of an address. *Raises*: NoSuchPlace."""
    words = text.rsplit(_BETWEEN, len(sort.fields) - 1)
    if len(words) != len(sort.fields) or len(text) > _LONGEST_KEY or "\0" in text:
        raise NoSuchPlace
    values: list[Any] = []
    for place, (name, word) in enumerate(zip(sort.fields, words, strict=True)):
        if not word and place == 0 and sort.may_be_empty:
            values.append(None)
            continue
        values.append(_value(_field(of, name), word))
    return Key(tuple(values), is_before=is_before)


def among(chosen: Query, *, field: str = "pk") -> Func:
    """Ask for rows of these keys, as an array: it is made first, and each key is looked up in the index of a field.

    What Django writes for a query after `in` is one more table to join, in whatever order; beside an `or` it is
    asked of every row.
    """
    sides = (F(field), ArraySubquery(chosen))
    return Func(*sides, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


@dataclass(frozen=True)
class _Part:
    """A stretch of one index: the rows that have a first value, or those that have none."""

    rows: Query
    fields: tuple[str, ...]
    model: type[Model]
    is_descending: bool

    def in_order(self, rows: Query) -> Query:
        """Sort other rows like these."""
        return _ordered(rows, self.fields, is_descending=self.is_descending)

    def last_of(self, count: int) -> tuple[Any, ...] | None:
        """Find where a window ends; None where there are fewer rows."""
        ends = list(self.rows.values_list(*self.fields)[count - 1 : count])
        return ends[0] if ends else None

    def up_to(self, end: tuple[Any, ...] | None, narrow: Callable[[Query], Query]) -> _Part:
        rows = self.rows
        if end is not None:
            operator = ">=" if self.is_descending else "<="
            rows = rows.filter(_compared(self.model, self.fields, operator, end))
        return _Part(narrow(rows), self.fields, self.model, self.is_descending)


def _parts(rows: Query, *, sort: Sort, key: Key | None) -> Iterator[_Part]:
    """Cut what lies ahead of a key into parts that each are one range of the index.

    PostgreSQL has the rows without a value last, and first in descending order; no comparison finds them.
    """
    is_descending = sort.is_descending is not (key is not None and key.is_before)
    ordered = _ordered(rows, sort.fields, is_descending=is_descending)
    operator = "<" if is_descending else ">"
    values = key.values if key else ()
    first, *rest = sort.fields
    if not sort.may_be_empty:
        if values:
            ordered = ordered.filter(_compared(rows.model, sort.fields, operator, values))
        yield _Part(ordered, sort.fields, rows.model, is_descending)
        return
    empty = ordered.filter(**{f"{first}__isnull": True})
    given = ordered.filter(**{f"{first}__isnull": False})
    stands_among_empty = bool(values) and values[0] is None
    if stands_among_empty:
        empty = empty.filter(_compared(rows.model, tuple(rest), operator, values[1:]))
    elif values:
        given = given.filter(_compared(rows.model, sort.fields, operator, values))
    of_empty = _EmptyPart(empty, sort.fields, rows.model, is_descending)
    of_given = _Part(given, sort.fields, rows.model, is_descending)
    if is_descending:
        # Whoever stands among those with a value has seen the others.
        yield from ([of_given] if values and not stands_among_empty else [of_empty, of_given])
    else:
        yield from ([of_empty] if stands_among_empty else [of_given, of_empty])


@dataclass(frozen=True)
class _EmptyPart(_Part):
    """The rows without a first value: they are compared by the others."""

    def up_to(self, end: tuple[Any, ...] | None, narrow: Callable[[Query], Query]) -> _Part:
        of_rest = _Part(self.rows, self.fields[1:], self.model, self.is_descending)
        return of_rest.up_to(end[1:] if end else None, narrow)


def _ordered(rows: Query, fields: tuple[str, ...], *, is_descending: bool) -> Query:
    return rows.order_by(*(f"-{name}" if is_descending else name for name in fields))


def _compared(model: type[Model], names: tuple[str, ...], operator: str, values: tuple[Any, ...]) -> Func:
    """Compare rows as wholes, `(a, b) < (x, y)`: PostgreSQL goes to that place of the index, within a day as well.

    Django has such a comparison for composite primary keys alone.
    """
    fields = [_field(model, name) for name in names]
    given = [Value(value, output_field=field) for value, field in zip(values, fields, strict=True)]
    truth = BooleanField()
    sides = [Func(*side, template="(%(expressions)s)", output_field=truth) for side in (map(F, names), given)]
    return Func(*sides, template="%(expressions)s", arg_joiner=f" {operator} ", output_field=truth)


def _values(row: Any, sort: Sort) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in sort.fields)


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    return cast("Field[Any, Any]", model._meta.get_field(name))


def _word(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _value(field: Field[Any, Any], word: str) -> Any:
    """Read one value as its column has it. *Raises*: NoSuchPlace."""
    try:
        value = field.to_python(word)
    except (ValidationError, ValueError, OverflowError):
        raise NoSuchPlace from None
    if isinstance(value, int) and not -_BIGGEST <= value <= _BIGGEST:
        raise NoSuchPlace
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        raise NoSuchPlace
    return value
