"""The addresses of every list: its first and a deep page in each order, and each filter with values of the data.

Lists are found by their views, so one that is new is asked for as well.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Count, QuerySet
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from portal.lib.http import Request
from portal.lib.lists import filters, paging
from portal.lib.lists.declared import List
from portal.lib.lists.paging import Key

DEPTH = 500_000
"""Rows in front of a deep page, where there are as many."""

_SAMPLE = 10_000
"""Rows at each end of a list in which values are counted."""
_PERIOD = timedelta(days=30)

# What a search for a number may name, of filters that are about no single column.
_NUMBERS = {
    "invoices": ("number",),
    "credit-notes": ("number",),
    "payments": ("invoice__number",),
    "subscriptions": ("numbers__number", "contract_item__contract__reference"),
    "terminations": ("subscription__numbers__number", "subscription__contract_item__contract__reference"),
}
_PART = 3
_PLACES = ("first", "deep")
"""The kinds of pages that are asked for without a filter."""

Query = QuerySet[Any, Any]


@dataclass(frozen=True)
class Asked:
    """A page of a list that is asked for. *Shape*: `words` say for people what is asked."""

    list: str
    words: str
    address: str


def every(*, is_thorough: bool) -> Iterator[Asked]:
    """Give the pages of all lists; of a tiny database each list's first and deep page, and each filter once."""
    seen = set()
    for list_, address in lists():
        for kind, words, query in _of(list_):
            once = (list_.name, kind) if kind in _PLACES else kind
            if is_thorough or once not in seen:
                yield Asked(list_.name, words, f"{address}?{urlencode(query)}" if query else address)
            seen.add(once)


def lists() -> list[tuple[List[Any], str]]:
    """Find every list that has a page of its own, with its address."""
    return [
        (pattern.callback.list, reverse(name))
        for name, pattern in _patterns(get_resolver())
        if hasattr(pattern.callback, "list")
    ]


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        elif pattern.name:
            yield f"{prefix}{pattern.name}", pattern


def _of(list_: List[Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Give what can be asked of a list. *Shape*: its kind, words, and the query of the address."""
    asked = list_.filters({}, queryset=list_.rows(), request=Request(), at=timezone.now())
    if not asked.form.is_valid():
        raise RuntimeError(f"{list_.name} refuses to be asked for nothing: {asked.form.errors}")
    shown = asked.all_of().order_by()
    count = shown.count()
    for place, sort in enumerate(list_.ways()):
        query = {"sort": sort.asked} if place else {}
        yield "first", f"first page, {sort.words}", query
        order = [f"-{name}" if sort.is_descending else name for name in sort.fields]
        depth = max(0, min(DEPTH, count - paging.ROOM - 2))
        for values in shown.order_by(*order).values_list(*sort.fields)[depth : depth + 1]:
            yield "deep", f"after {depth + 1:,} rows, {sort.words}", {**query, "after": paging.written(Key(values))}
    rows = list_.rows().order_by()
    for name, filter_ in asked.filters.items():
        if isinstance(filter_, filters.To):
            continue  # with the day that a period begins on
        for query in _values(name, filter_, rows, list_):
            yield name, ", ".join(f"{word}={value}" for word, value in query.items()), query


def _values(name: str, filter_: filters.Filter, rows: Query, list_: List[Any]) -> Iterator[dict[str, str]]:
    """Give what a filter is asked with: what occurs often, and what seldom."""
    if isinstance(filter_, filters.Choice):
        yield from ({name: value} for value, _ in filter_.field.choices if value)
    elif isinstance(filter_, filters.From):
        yield from _periods(name, filter_, rows)
    elif name == "organisation":
        yield from ({name: value} for value in _organisations(filter_, rows))
    elif isinstance(filter_, filters.Amount):
        yield from ({name: f"{value:f}"} for value in _amounts(filter_.field_name, rows))
    elif filter_.field_name and name != "q":
        yield from ({name: value} for value in _often_and_seldom(filter_.field_name, rows))
    else:
        yield from ({name: value} for value in _numbers(list_.name, rows))


def _periods(name: str, filter_: filters.Filter, rows: Query) -> Iterator[dict[str, str]]:
    """Begin and end where half of the rows lie behind, then where hardly any do."""
    begins, ends = name, f"{name.removesuffix('_from')}_to"
    days = [_day(value) for value in _ordered(filter_.field_name, rows)]
    if days:
        first, middle, last = days
        yield {begins: str(middle)}
        yield {ends: str(middle)}
        yield {begins: str(middle), ends: str(middle + _PERIOD)}
        yield {begins: str(last)}
        yield {ends: str(first)}


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _ordered(field: str, rows: Query) -> list[Any]:
    """Give the least, the middle and the greatest value of a column that has an index; none where it is empty."""
    found = rows.filter(**{f"{field}__isnull": False}).order_by(field).values_list(field, flat=True)
    count = found.count()
    return [found[place] for place in (0, count // 2, count - 1)] if count else []


def _amounts(field: str, rows: Query) -> list[Decimal]:
    """Give the least, the middle and the greatest amount of the newest rows, without their signs."""
    there = rows.filter(**{f"{field}__isnull": False}).order_by("-pk").values_list(field, flat=True)
    found = sorted(abs(value) for value in there[:_SAMPLE])
    return [found[place] for place in (0, len(found) // 2, -1)] if found else []


def _often_and_seldom(field: str, rows: Query) -> list[str]:
    """Give the value that the newest rows have most, and the one that the oldest have least."""
    seen = [
        Counter(str(value) for value in rows.order_by(order).values_list(field, flat=True)[:_SAMPLE] if value)
        for order in ("-pk", "pk")
    ]
    ends = [counted.most_common()[place][0] for counted, place in zip(seen, (0, -1), strict=True) if counted]
    # Where all are empty, something is asked for that nobody has.
    return list(dict.fromkeys(ends)) or ["1"]


def _organisations(filter_: filters.Filter, rows: Query) -> Iterator[str]:
    """Name one by its UUID, then those of a name: as many as there are of it, if not too many."""
    from customers.models import Organisation

    key = next(
        name
        for name in (filter_.field_name, "organisation_id", "organisation_uuid")
        if name and _is_field(name, rows)
    )
    of = "uuid" if key == "organisation_uuid" else "pk"
    middle = rows.filter(**{f"{key}__isnull": False}).order_by("-pk").values_list(key, flat=True)
    for value in middle[_SAMPLE // 2 : _SAMPLE // 2 + 1] or middle[:1]:
        yield str(Organisation.objects.get(**{of: value}).uuid)
    frequent = Organisation.objects.values("name").annotate(count=Count("pk")).order_by("-count", "name")
    names = frequent.values_list("name", flat=True)[:_SAMPLE]
    yield from itertools.islice((name for name in names if _is_taken(name, filter_)), 1)


def _is_taken(name: str, filter_: filters.Filter) -> bool:
    """Say whether a filter takes a name: it refuses one that too many have."""
    try:
        filter_.field.clean(name)
    except ValidationError:
        return False
    return True


def _is_field(name: str, rows: Query) -> bool:
    try:
        rows.values(name)
    except FieldError:
        return False
    return True


def _numbers(name: str, rows: Query) -> Iterator[str]:
    """Give a whole number, how it ends, and how it and many others begin; a UUID where there is one."""
    for path in _NUMBERS.get(name, ()):
        found = rows.filter(**{f"{path}__isnull": False}).order_by("-pk").values_list(path, flat=True)
        for number in found[_SAMPLE // 2 : _SAMPLE // 2 + 1] or found[:1]:
            yield number
            yield number[-_PART:]
            yield number[:_PART]
    if _is_field("uuid", rows):
        yield from (str(uuid) for uuid in rows.order_by("-pk").values_list("uuid", flat=True)[:1])
