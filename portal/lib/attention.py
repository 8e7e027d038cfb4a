"""What needs somebody's attention: numbers that open a list with its filters set. Apps declare theirs.

A number is counted over the list that it opens, with the same filters, so the two can't differ in what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.urls import reverse
from django.utils.http import urlencode

from portal.lib import declarations
from portal.lib.http import Request
from portal.lib.lists import List, filters

MOST_COUNTED = 1000
"""As far as a number is counted: from there on a page would take longer than anybody wants to know it."""

Query = Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One number. *Shape*: `query` is what the address of the list asks for; it may depend on the instant."""

    label: str
    query: Query | Callable[[datetime], Query]

    def asked(self, *, at: datetime) -> Query:
        """Give what is asked for at an instant."""
        return self.query(at) if callable(self.query) else self.query


@dataclass(frozen=True)
class Box:
    """Numbers over one list. *Shape*: `order` is its place among all; `advice` says what to do, as a sentence."""

    code: str
    order: int
    of: List[Any]
    address: str
    advice: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Number:
    """A number of a page. *Shape*: `count` is one more than `MOST_COUNTED` where there are more."""

    label: str
    advice: str
    count: int
    address: str

    @property
    def text(self) -> str:
        """Write how many."""
        return f"{self.count:,}" if self.count <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


_declared: declarations.Declarations[dict[str, Box]] = declarations.Declarations("attention", {})


def declare(box: Box) -> None:
    """Declare a box. *Raises*: ValueError where its code or its place is taken."""
    if any(box.code == other.code or box.order == other.order for other in _declared.so_far.values()):
        raise ValueError(f"The box {box.code} has the code or the place {box.order} of another one.")
    _declared.so_far[box.code] = box


def boxes(user: AbstractBaseUser | AnonymousUser) -> list[Box]:
    """Give the boxes whose lists somebody may open, in their order."""
    if not isinstance(user, User):
        return []
    found = sorted(_declared.all().values(), key=lambda box: box.order)
    return [box for box in found if user.has_perm(box.of.permission)]


def numbers(request: Request, *, at: datetime) -> list[Number]:
    """Count what somebody may see. One query for each number."""
    return [
        Number(
            label=line.label,
            advice=box.advice,
            count=rows(box, line, request=request, at=at)[: MOST_COUNTED + 1].count(),
            address=_address(box, line.asked(at=at)),
        )
        for box in boxes(request.user)
        for line in box.lines
    ]


def _address(box: Box, query: Query) -> str:
    return f"{reverse(box.address)}?{urlencode(query)}" if query else reverse(box.address)


def rows(box: Box, line: Line, *, request: Request, at: datetime) -> filters.Query:
    """Give the rows of the list that a number opens, in its order.

    What the fields of the filters offer is not read: nobody chooses here.
    """
    query = line.asked(at=at)
    asked = box.of.filters(query, queryset=box.of.rows(), request=request, at=at)
    found: filters.Query = asked.queryset.all()
    needed = ""
    for name, filter_ in asked.filters.items():
        value = filter_.unread().clean(query.get(name, ""))
        found = filter_.filter(found, value)
        needed = needed or filter_.sort_needed(value)
    sort = next((sort for sort in box.of.sorts if sort.name == needed), box.of.sorts[0])
    return found.order_by(*sort.fields)
