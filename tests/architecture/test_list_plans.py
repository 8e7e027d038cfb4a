"""Every list reads its pages off an index: the first one, one behind a key, and those of each filter that leads.

What chooses the rows of a page is planned as if no table could be read whole and nothing sorted. Where an index has
the rows in the order of the sort, PostgreSQL then takes it; where none has, it has to sort or to read all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.lib.http import Request
from portal.lib.lists import List, filters, paging
from portal.lib.lists.paging import Key, Sort
from tests.architecture import offered
from tests.architecture.plans import plan_of, without_statistics
from tests.architecture.tables import MADE_BY_TRIGGERS, TABLES

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
ORDERED = {"Limit", "Index Scan", "Index Only Scan"}
Node = dict[str, Any]

FEW = {"runs": "a few a day"}
"""Lists whose filters lead though no index answers them."""


def asked_for(list_: List[Any], **query: str) -> filters.Filters:
    asked: filters.Filters = list_.filters(query, queryset=list_.rows(), request=Request(), at=NOW)
    assert asked.form.is_valid(), (list_.name, query, asked.form.errors)
    return asked


def chosen(list_: List[Any], asked: filters.Filters, sort: Sort, key: Key | None = None) -> Node:
    """Give the plan by which the rows of a page are chosen: nothing is read where nobody is meant."""
    with CaptureQueriesContext(connection) as captured:
        paging.page_of(asked.leading(sort.name), sort=sort, whole=list_.rows(), key=key)
    statements = [query["sql"] for query in captured if "ARRAY(SELECT" in query["sql"]]
    for table in sorted(
        table for table in {*TABLES.values(), *MADE_BY_TRIGGERS} if is_unprepared(table, statements)
    ):
        without_statistics(table)
    plans = [plan_of(statement) for statement in statements]
    limits = [part for plan in plans for part in parts(plan) if is_aside(part) and part["Node Type"] == "Limit"]
    return limits[0] if plans else {"Node Type": "Limit"}


def is_unprepared(table: str, statements: list[str]) -> bool:
    if not any(f'"{table}"' in statement for statement in statements):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.' || %s) IS NULL", [table])
        return bool(cursor.fetchone()[0])


def parts(plan: Node) -> Iterator[Node]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from parts(part)


def is_aside(part: Node) -> bool:
    return part.get("Parent Relationship") in ("InitPlan", "SubPlan")


def in_line(plan: Node) -> Iterator[Node]:
    """Give the parts that the rows themselves come through."""
    yield plan
    for part in plan.get("Plans", ()):
        if not is_aside(part):
            yield from in_line(part)


def faults(plan: Node, *, is_deep: bool = False, are_few: bool = False) -> list[str]:
    """Say what keeps a page from being quick. *Shape*: few rows may be sorted once they are found."""
    found = [f"reads all of {part['Relation Name']}" for part in parts(plan) if part["Node Type"] == "Seq Scan"]
    through = list(in_line(plan))
    if are_few:
        # Each is looked up, in one table or in those that lead there.
        return found + [f"finds nothing in {part['Index Name']}" for part in through if is_whole(part)]
    found += [part["Node Type"] for part in through if part["Node Type"] not in ORDERED]
    found += [f"skips rows: {part['Filter']}" for part in through if "Filter" in part]
    return found + ["begins at the end of its index" for part in through if is_deep and is_whole(part)]


def is_whole(part: Node) -> bool:
    return "Index Name" in part and "Index Cond" not in part


def first_key(list_: List[Any], sort: Sort) -> Key:
    order = [f"-{name}" if sort.is_descending else name for name in sort.fields]
    return Key(list_.rows().order_by(*order).values_list(*sort.fields)[0])


def may_sort(answer: bool) -> None:
    with connection.cursor() as cursor:
        for way in ("sort", "incremental_sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = {'on' if answer else 'off'}")


@pytest.mark.parametrize("list_", [list_ for _, list_ in offered.lists()], ids=lambda list_: list_.name)
def test_a_page_is_read_off_an_index(world: SimpleNamespace, list_: List[Any]) -> None:
    """Names what was asked and what PostgreSQL would do about it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    may_sort(False)
    wrong = {}
    for sort in list_.ways():
        asked = asked_for(list_)
        if asked.narrowing(sort.name) is None:
            wrong[sort.words] = faults(chosen(list_, asked, sort))
            key = first_key(list_, sort)
            wrong[f"behind a row, {sort.words}"] = faults(chosen(list_, asked, sort, key), is_deep=True)
    of_list = {} if list_.name in FEW else asked_for(list_).filters
    open_ = {name: filters.EVERYTHING for name, filter_ in of_list.items() if filter_.extra.get("default")}
    for name, filter_ in of_list.items():
        for value in [str(world.organisation.uuid)] if name == "organisation" else offered.values(filter_):
            if value == filter_.extra.get("default"):
                continue  # that of the first page
            asked = asked_for(list_, **{**open_, name: value})
            given = asked.form.cleaned_data[name]
            # What leads in whatever sort means few rows.
            are_few = filter_.leads(given, sort="")
            may_sort(are_few)
            for sort in list_.ways(asked.sort_needed()):
                if filter_.is_asked(given) and filter_.leads(given, sort=sort.name):
                    wrong[f"{name}={value}, {sort.words}"] = faults(chosen(list_, asked, sort), are_few=are_few)
    assert {page: found for page, found in wrong.items() if found} == {}
