"""What a list can be filtered by, on django-filter: a form and what it asks of the rows, declared once.

A filter leads where an index has its rows in the order of the sort. The others narrow: they look through the rows
that are left, a window for each page (`paging.page_of`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from portal.lib import days
from portal.lib import forms as fields
from portal.lib.http import Request
from portal.lib.lists import drawing, filter_forms, paging

Query = QuerySet[Any, Any]
EVERYTHING = "all"


class Filters(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """The filters of one list. *Shape*: the first ones stand in the bar, those in `more` behind "More filters"."""

    more: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, data: Mapping[str, str], *, queryset: Query, request: Request, at: datetime, zone: str = "UTC"
    ) -> None:
        super().__init__(data, queryset, request=request)
        self.at = at
        self.zone = zone

    @property
    def form(self) -> forms.Form:
        """Give the form. What it offers is read here: a page asks for nothing while it is rendered."""
        if not hasattr(self, "_form"):
            own: Any = type(self)
            self._form = filter_forms.form_of(own)(self.data, prefix=self.form_prefix)
            for name, filter_ in self.filters.items():
                filter_.offer(self._form.fields[name])
        return self._form

    @property
    def today(self) -> date:
        """Give the date in the zone that the list is about."""
        return days.today_in(self.zone, at=self.at)

    def sort_needed(self) -> str:
        """Name the sort that an asked filter needs, empty for any; of a valid form."""
        for name, filter_ in self.filters.items():
            if needed := filter_.sort_needed(self.form.cleaned_data[name]):
                return str(needed)
        return ""

    def leading(self, sort: str) -> Query:
        """Give the rows that the filters let through whose indexes have this sort; of a valid form."""
        rows: Query = self.queryset.all()
        for name, filter_ in self.filters.items():
            value = self.form.cleaned_data[name]
            if filter_.leads(value, sort=sort):
                rows = filter_.filter(rows, value)
        return rows

    def narrowing(self, sort: str) -> Callable[[Query], Query] | None:
        """Give what the other filters add; None where none of them is asked for."""
        given = self._narrowing(sort)
        if not given:
            return None

        def narrow(rows: Query) -> Query:
            for filter_, value in given:
                rows = filter_.filter(rows, value)
            return rows

        return narrow

    def window(self, sort: str) -> int:
        """Say how many rows a page may look through for the filters that narrow; of a valid form."""
        return min((filter_.window for filter_, _ in self._narrowing(sort)), default=paging.WINDOW)

    def _narrowing(self, sort: str) -> list[tuple[Filter, Any]]:
        given = ((filter_, self.form.cleaned_data[name]) for name, filter_ in self.filters.items())
        return [pair for pair in given if pair[0].is_asked(pair[1]) and not pair[0].leads(pair[1], sort=sort)]

    def all_of(self) -> Query:
        """Give all rows that the filters let through, in no order; of a valid form."""
        rows: Query = self.queryset.all()
        for name, filter_ in self.filters.items():
            rows = filter_.filter(rows, self.form.cleaned_data[name])
        return rows

    def asked(self) -> dict[str, str]:
        """Give what was asked as it was typed, for links that keep it."""
        return {name: self.data[name] for name in self.filters if self.data.get(name)}

    def bar(self) -> list[str]:
        """Draw the fields of the bar, for the template."""
        return [self._drawn(name) for name in self.filters if name not in self.more]

    def behind(self) -> list[str]:
        """Draw the fields behind "More filters", for the template."""
        return [self._drawn(name) for name in self.filters if name in self.more]

    def _drawn(self, name: str) -> str:
        return drawing.drawn(self.form[name], of=type(self))

    def is_behind_asked(self) -> bool:
        """Say whether one of them was used."""
        return any(self.data.get(name) for name in self.more)


ANY_SORT = "*"
MOST_MEANT = 100
"""How many organisations one filter may mean: their rows are looked up one organisation after the other."""


def few(meant: Sequence[Any], *, of: str, right: str) -> None:
    """Refuse a text that means too many organisations. *Shape*: `right` says what of them to give."""
    if len(meant) > MOST_MEANT:
        raise forms.ValidationError(
            f"More than {MOST_MEANT} customers match “{of}”: give more of the name, or {right}.", code="too_many"
        )


def one_of(field_name: str, keys: Sequence[Any]) -> Q:
    """Ask for the rows of these keys. Of a single one PostgreSQL has the rows in the order of the index."""
    return Q(**({field_name: keys[0]} if len(keys) == 1 else {f"{field_name}__in": keys}))


class Filter(django_filters.Filter):  # type: ignore[misc]  # django-filter has no types
    """A filter of a list.

    *Shape*: `leads_in` names the sorts in whose order an index has the rows (`ANY_SORT` where they are few);
    `needs` is the sort without which they would be read in vain. `window` is how many rows a page looks through
    where it narrows. `ask` says what a value asks of the rows, where that is no plain comparison; `ask_with` is
    given the set as well, which knows request and date.
    """

    def __init__(
        self,
        label: str,
        field_name: str = "",
        lookup_expr: str = "exact",
        *,
        leads_in: Sequence[str] = (),
        needs: str = "",
        window: int = paging.WINDOW,
        ask: Callable[[Any], Q] | None = None,
        ask_with: Callable[[Any, Filters], Q] | None = None,
        **kwargs: Any,
    ) -> None:
        self.window = window
        self._ask_with = ask_with
        self._leads_in = leads_in
        self._needs = needs
        self._ask = ask
        super().__init__(field_name, lookup_expr, label=label, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Filter:
        """Let each set have filters of its own, which know it; what they were declared with nobody changes."""
        return copy.copy(self)

    def unread(self) -> Any:
        """Make the field, without anything that has to be read."""
        return self.field

    def offer(self, field: Any) -> None:
        """Read what the field of a form offers."""

    def is_asked(self, value: Any) -> bool:
        """Say whether a value asks for anything."""
        return value not in (None, "")

    def leads(self, value: Any, *, sort: str) -> bool:
        """Say whether an index gives the rows of a value in the order of a sort."""
        return sort in self._leads_in or ANY_SORT in self._leads_in

    def sort_needed(self, value: Any) -> str:
        """Name the sort that a value needs; empty for any."""
        return self._needs if self.is_asked(value) else ""

    def filter(self, qs: Query, value: Any) -> Query:
        """Narrow the rows; an empty value asks for nothing."""
        if not self.is_asked(value):
            return qs
        return qs.filter(self.condition(value))

    def condition(self, value: Any) -> Q:
        """Say what a value asks of the rows."""
        if self._ask:
            return self._ask(value)
        if self._ask_with:
            return self._ask_with(value, self.parent)
        return Q(**{f"{self.field_name}__{self.lookup_expr}": value})


class Line(Filter):
    """A text of one line."""

    field_class = fields.LineField

    def __init__(self, label: str, field_name: str = "", lookup_expr: str = "exact", **kwargs: Any) -> None:
        super().__init__(label, field_name, lookup_expr, **{"max_length": 200, **kwargs})


class Search(Line):
    """The field that "/" focuses."""

    field_class = fields.SearchField


class _ChosenField(fields.ChoiceField):
    """One of a few. *Shape*: it gives what is asked for: `default` where nothing was chosen, "" for everything."""

    def __init__(self, *, default: str, **kwargs: Any) -> None:
        self._default = default
        super().__init__(**kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> _ChosenField:
        """Copy all but the choices: nobody changes one in its place."""
        memo[id(self.choices)] = self.choices
        copied: _ChosenField = super().__deepcopy__(memo)
        return copied

    def clean(self, value: Any) -> str:
        chosen: str = super().clean(value) or self._default
        return "" if chosen == EVERYTHING else chosen


class Choice(Filter):
    """One of a few. *Shape*: `choices` may be a callable. A list that shows one of them when nothing is chosen
    names it as `default`, and offers all of them beside.
    """

    field_class = _ChosenField

    def __init__(
        self,
        label: str,
        field_name: str = "",
        *,
        choices: Sequence[tuple[str, str]] | Callable[[], Sequence[tuple[str, str]]],
        default: str = "",
        **kwargs: Any,
    ) -> None:
        self._choices = choices
        super().__init__(label, field_name, default=default, **kwargs)

    @property
    def field(self) -> Any:
        """Make the field, with all that it offers."""
        if not hasattr(self, "_field"):
            self._field = self.unread()
            self.offer(self._field)
        return self._field

    def unread(self) -> Any:
        given = () if callable(self._choices) else self._choices
        return self.field_class(label=self.label, choices=self._offered(given), **self.extra)

    def offer(self, field: Any) -> None:
        if callable(self._choices):
            field.choices = self._offered(self._choices())

    def _offered(self, given: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        return [*given, (EVERYTHING, "All")] if self.extra["default"] else [("", "All"), *given]


class From(Filter):
    """The first day of a period. *Shape*: the name in its set ends in `_from`; of an instant the day is UTC's."""

    field_class = fields.DayField

    def __init__(self, label: str, field_name: str, *, is_instant: bool = False, **kwargs: Any) -> None:
        self._is_instant = is_instant
        super().__init__(label, field_name, **kwargs)

    def condition(self, value: Any) -> Q:
        begins = datetime.combine(value, time.min, tzinfo=UTC) if self._is_instant else value
        return Q(**{f"{self.field_name}__gte": begins})


class To(From):
    """The last day of a period, which belongs to it. *Shape*: the name in its set ends in `_to`."""

    def condition(self, value: Any) -> Q:
        if not self._is_instant:
            return Q(**{f"{self.field_name}__lte": value})
        if value == date.max:
            return Q()
        return Q(**{f"{self.field_name}__lt": datetime.combine(value + timedelta(days=1), time.min, tzinfo=UTC)})


class Amount(Filter):
    """A bound of an amount. *Shape*: `lookup_expr` is `gte` for the least and `lte` for the most."""

    field_class = fields.AmountField

    def __init__(self, label: str, field_name: str, lookup_expr: str, **kwargs: Any) -> None:
        super().__init__(label, field_name, lookup_expr, decimal_places=6, min_value=0, **kwargs)


class Uuid(Filter):
    """A UUID, compared whole."""

    field_class = fields.UuidField


class Count(Filter):
    """A number of days, for example."""

    field_class = fields.CountField


class Currency(Filter):
    """A currency by its code."""

    field_class = fields.CurrencyField

    def __init__(self, field_name: str = "currency", **kwargs: Any) -> None:
        super().__init__("Currency", field_name, **kwargs)
