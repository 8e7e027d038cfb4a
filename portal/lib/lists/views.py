"""Serve a list: its page, its fragment for htmx, its file and its sums, all from one address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.lib import htmx
from portal.lib.http import Request
from portal.lib.lists import addresses, cells, export, paging, saved, sums, tables
from portal.lib.lists.declared import Column, Empty, Group, List
from portal.lib.lists.filters import Filters
from portal.lib.lists.paging import Key, Sort

PAGE, FRAGMENT = "components/list.html", "components/_list.html"
_TOTAL = "total"

Query = QuerySet[Any, Any]
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Head:
    """The heading of a column. *Shape*: `url` sorts by it; `direction` is set where it does already."""

    text: str
    css: str = ""
    is_hidden: bool = False
    url: str = ""
    direction: str = ""
    words: str = ""


@dataclass(frozen=True)
class Choice:
    """Something to choose, with the address that chooses it."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Shown:
    """A page of a list as `components/_list.html` draws it. *Shape*: rows are written."""

    name: str
    form: forms.Form
    filters: Filters
    address: str
    target: str
    pages_label: str
    here: str
    trigger: str
    caption: str
    heads: tuple[Head, ...] = ()
    rows: tuple[str, ...] = ()
    empty: Empty | None = None
    summary: str = ""
    previous_url: str = ""
    next_url: str = ""
    file_url: str = ""
    has_actions: bool = False
    sort_choices: tuple[Choice, ...] = ()
    sum_choices: tuple[Choice, ...] = ()
    sum_table: sums.Table | None = None
    is_valid: bool = True
    query: str = ""


def page(
    list_: List[Any],
    *,
    template: str = PAGE,
    context: Callable[[Request], Mapping[str, Any]] | None = None,
) -> Callable[..., HttpResponseBase]:
    """Make the view of a list. *Shape*: `template` extends components/list.html and gets `context` as well.

    The view has its list as an attribute, `list`, by which all of them are found.
    """

    @serves(list_)
    @require_safe
    @permission_required(list_.permission, raise_exception=True)
    def view(request: Request) -> HttpResponseBase:
        return answer(request, list_, template=template, context=context(request) if context else {})

    view.__name__ = list_.name
    view.__doc__ = f"List {list_.title.lower()}."
    return view


def serves(list_: List[Any]) -> Callable[[V], V]:
    """Say which list a view of its own serves."""

    def marked(view: V) -> V:
        vars(view)["list"] = list_
        return view

    return marked


def answer(
    request: Request,
    list_: List[Any],
    *,
    template: str = PAGE,
    fragment: str = FRAGMENT,
    context: Mapping[str, Any],
    address: str = "",
    status: int = 200,
) -> HttpResponseBase:
    """Answer with a page of a list, or with its file where the address asks for that.

    *Shape*: `address` is that of the list where another one answers with it.
    """
    if _given(request).get(addresses.FORMAT) == "csv":
        return _file(request, list_)
    shown = show(request, list_, address=address, has_file=True)
    return htmx.render_page(
        request,
        page=template,
        fragment=fragment,
        context={
            "list": list_,
            "shown": shown,
            # What htmx swaps leaves them where they are.
            "saved": () if htmx.wants_fragment(request) else saved.of_list(request, shown.address),
            **context,
        },
        status=status if shown.is_valid else 422,
    )


def show(
    request: Request,
    list_: List[Any],
    *,
    rows: Query | None = None,
    prefix: str = "",
    without: Sequence[str] = (),
    target: str = "#list",
    caption: str = "",
    empty: Empty | None = None,
    zone: str = "UTC",
    address: str = "",
    has_file: bool = False,
    is_part: bool = False,
) -> Shown:
    """Read a page of a list, of all its rows or of those that are given.

    *Shape*: `prefix` tells the keys of two lists on one page apart; columns whose headings stand in `without` are
    left out; `target` is where htmx puts the answer, empty for none; `zone` is that of its days. A list whose
    address gives its file has that and its sums (`answer`); the filters of a page are not those of its parts.
    """
    given = _given(request)
    address = address or request.path
    at = timezone.now()
    asked_filters = Filters if is_part else list_.filters
    filters = asked_filters(
        given, queryset=list_.rows() if rows is None else rows, request=request, at=at, zone=zone
    )
    basics: dict[str, Any] = {
        "name": list_.name,
        "form": filters.form,
        "filters": filters,
        "address": address,
        "target": target,
        "here": request.get_full_path(),
        "trigger": ", ".join(f"{event} from:body" for event in list_.events),
        "pages_label": f"Pages of {list_.title.lower()}",
    }
    if not filters.form.is_valid():
        return Shown(**basics, caption=list_.title, is_valid=False)
    needed = filters.sort_needed()
    sort = list_.sort_of(given.get(prefix + addresses.SORT, ""), needed=needed)
    key = _key(given, sort=sort, model=filters.queryset.model, prefix=prefix)
    window = filters.window(sort.name)
    found = paging.page_of(
        filters.leading(sort.name),
        sort=sort,
        whole=_whole(list_, filters),
        key=key,
        narrow=filters.narrowing(sort.name),
        room=paging.ROOM,
        window=window,
    )
    columns = [
        column
        for column in list_.columns
        if column.is_on_page
        and column.heading not in without
        and (not column.may or request.user.has_perm(column.may))
    ]
    to = addresses.Addresses(address, given, prefix)
    asked = filters.asked()
    nothing = list_.no_match if asked or key else empty or list_.empty
    return Shown(
        **basics,
        caption=caption or f"{list_.title}, {sort.words}",
        heads=tuple(_head(column, list_=list_, sort=sort, needed=needed, to=to) for column in columns),
        rows=tables.written(list_.values(found.rows, at=filters.at), columns),
        empty=None if found.rows or found.looked_at is not None else nothing,
        summary=_summary(found, window=window),
        previous_url=to.page(found.previous, or_first=key is not None and not found.rows),
        next_url=to.page(found.next),
        query=to.with_().partition("?")[2],
        file_url=to.with_(**{addresses.FORMAT: "csv"}) if has_file else "",
        sort_choices=_sort_choices(list_, sort=sort, needed=needed, to=to),
        has_actions=any(column.kind is cells.Action for column in columns),
        **(_sums(given, list_, filters, to=to) if has_file else {}),
    )


@dataclass(frozen=True)
class Table:
    """Rows that somebody has read otherwise, in the columns of a list."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[str, ...]


def table(columns: Sequence[Column[R]], rows: Sequence[R], *, caption: str) -> Table:
    """Write rows in columns, without sorts and pages."""
    on_page = [column for column in columns if column.is_on_page]
    return Table(
        caption,
        tuple(Head(column.heading, column.css or cells.style(column.kind)) for column in on_page),
        tables.written(rows, on_page),
    )


def _sort_choices(list_: List[Any], *, sort: Sort, needed: str, to: addresses.Addresses) -> tuple[Choice, ...]:
    """Offer every sort in both directions: on a phone the table has no headings to sort by."""
    return tuple(
        Choice(way.words, to.with_(**{to.prefix + addresses.SORT: way.asked}), is_chosen=way.asked == sort.asked)
        for way in list_.ways(needed)
    )


def _sums(
    given: Mapping[str, str], list_: List[Any], filters: Filters, *, to: addresses.Addresses
) -> dict[str, Any]:
    if not list_.sums:
        return {}
    wanted = given.get(addresses.SUMS, "")
    groups: dict[str, Group | None] = {_TOTAL: None, **{group.name: group for group in list_.groups}}
    choices = tuple(
        Choice(
            label=f"By {group.label.lower()}" if group else "In total",
            url=to.with_(**{addresses.SUMS: name}),
            is_chosen=name == wanted,
        )
        for name, group in groups.items()
    )
    if wanted not in groups:
        return {"sum_choices": choices}
    return {"sum_choices": choices, "sum_table": sums.table(list_, filters.all_of(), by=groups[wanted])}


def _file(request: Request, list_: List[Any]) -> HttpResponseBase:
    given = _given(request)
    filters = list_.filters(given, queryset=list_.rows(), request=request, at=timezone.now())
    if not filters.form.is_valid():
        shown = show(request, list_)
        return htmx.render_page(
            request, page=PAGE, fragment=FRAGMENT, context={"list": list_, "shown": shown}, status=422
        )
    columns = [column for column in list_.columns if column.is_in_file]

    def rows() -> Iterator[list[Any]]:
        sort = list_.sort_of(given.get(addresses.SORT, ""), needed=filters.sort_needed())
        leading, narrow = filters.leading(sort.name), filters.narrowing(sort.name)
        for batch in paging.everything(leading, sort=sort, whole=_whole(list_, filters), narrow=narrow):
            for row in list_.values(batch, at=filters.at):
                yield [column.value(row) for column in columns]

    try:
        return export.response(list_.name, [column.heading for column in columns], rows())
    except export.Busy:
        response: HttpResponse = render(request, "components/file_busy.html", {"list": list_}, status=503)
        response["Retry-After"] = "60"
        return response


def _whole(list_: List[Any], filters: Filters) -> Query:
    return list_.whole() if list_.whole else filters.queryset


def _given(request: Request) -> dict[str, str]:
    """Take what the address asks for; what a POST carries asks for nothing."""
    asked = request.GET.items() if request.method in ("GET", "HEAD") else ()
    return {name: str(value) for name, value in asked}


def _key(given: Mapping[str, str], *, sort: Sort, model: Any, prefix: str) -> Key | None:
    for word, is_before in ((addresses.AFTER, False), (addresses.BEFORE, True)):
        if text := given.get(prefix + word):
            try:
                return paging.read(text, of=model, sort=sort, is_before=is_before)
            except paging.NoSuchPlace:
                raise Http404("There is no such page of the list.") from None
    return None


def _summary(found: paging.Page[Any], *, window: int) -> str:
    """Say that a page ended before it was full; how it is sorted stands above it."""
    if found.looked_at is None:
        return ""
    count = len(found.rows)
    said = f"{count} found" if count else "None found"
    return f"{said} among {window:,} rows; go on to look further."


def _head(column: Column[Any], *, list_: List[Any], sort: Sort, needed: str, to: addresses.Addresses) -> Head:
    own = next((way for way in list_.ways(needed) if way.name == column.sort), None)
    is_sorted = own is not None and own.name == sort.name
    next_sort = sort.reversed_() if is_sorted else own
    return Head(
        text=column.heading,
        css=column.css or cells.style(column.kind),
        is_hidden=column.is_heading_hidden,
        url=to.with_(**{to.prefix + addresses.SORT: next_sort.asked}) if next_sort else "",
        direction=("descending" if sort.is_descending else "ascending") if is_sorted else "",
        words=next_sort.words if next_sort else "",
    )
