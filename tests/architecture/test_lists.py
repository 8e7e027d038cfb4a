"""Every list answers all that its declaration offers: columns, sorts, filters, sums, a file."""

from __future__ import annotations

import codecs
import copy
import csv
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from portal import urls
from portal.lib import days, lists
from portal.lib.lists import List, filters, paging
from subscriptions.models import Assignment
from tests.architecture import offered
from tests.architecture.source import ROOT
from tests.support import shown
from tests.support.addresses import client_with

pytestmark = pytest.mark.django_db
NAMES = {"audit", "credit-entries", "credit-notes", "customers", "invoices", "payments"} | {
    "runs",
    "subscriptions",
    "terminations",
}


# Asked so, a list gives its rows without the page around them.
PART = {"HX-Request": "true"}


@pytest.fixture
def client(world: SimpleNamespace) -> Client:
    return client_with(permissions=[], is_superuser=True)


@pytest.fixture
def pages() -> list[tuple[str, List[Any]]]:
    lists_ = offered.lists()
    assert {list_.name for _, list_ in lists_} >= NAMES
    return lists_


def rows_of(page: Any) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for table in shown.read(page).tables for row in table.rows]


def asked(pages: list[tuple[str, List[Any]]]) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Give what lists are asked, with the headers: a page where its form shows something else, else its part."""
    for address, list_ in pages:
        yield address, {}, {}
        yield from ((address, {"sort": way.asked}, PART) for way in list_.ways())
        # A filter keeps the choices that it has read: those of the declaration stay unread.
        unread = copy.deepcopy(list_.filters.base_filters)
        of_each = {name: offered.values(filter_) for name, filter_ in unread.items()}
        for name, taken in of_each.items():
            yield from ((address, {name: value}, {} if value == taken[0] else PART) for value in taken)
        yield address, {name: taken[0] for name, taken in of_each.items() if taken}, {}
        for name in ("total", *(group.name for group in list_.groups)):
            yield address, {"sums": name}, PART


def test_a_list_answers_all_that_it_offers_in_few_queries(client, pages):
    least: dict[tuple[str, bool], int] = {}
    for address, query, headers in asked(pages):
        with CaptureQueriesContext(connection) as captured:
            response = client.get(address, query, headers=headers)
        assert response.status_code == 200, (address, query)
        count = len(captured)
        # A filter may look up who is meant, one that no index answers how far its page goes; sums are one more.
        assert count <= least.setdefault((address, headers == PART), count) + 5, (address, query, count)


def test_the_headings_are_those_of_the_columns_and_the_rows_have_their_cells(client, pages):
    for address, list_ in pages:
        page = client.get(address)
        wanted = [column.heading for column in list_.columns if column.is_on_page]
        assert len(wanted) == len(set(wanted)), list_.name
        for table in shown.read(page).tables:
            assert table.headings == wanted, list_.name
            assert all(list(row) == wanted for row in table.rows), list_.name


def test_the_file_has_the_rows_that_the_filters_let_through(client, pages, monkeypatch):
    monkeypatch.setattr(paging, "ROOM", 1000)
    for address, list_ in pages:
        for query in ({}, {"sort": list_.sorts[-1].reversed_().asked}):
            body = b"".join(client.get(address, {**query, "format": "csv"}))
            assert body.startswith(codecs.BOM_UTF8), list_.name
            lines = list(csv.reader(body.decode("utf-8-sig").splitlines()))
            headings = [column.heading for column in list_.columns if column.is_in_file]
            assert lines[0] == headings, list_.name
            assert len(headings) == len(set(headings)), list_.name
            assert all(len(line) == len(headings) for line in lines), list_.name
            assert len(lines) - 1 == len(rows_of(client.get(address, query))), list_.name


def test_pages_lead_on_and_back_under_each_sort(client, pages, monkeypatch):
    turned = 0
    for address, list_ in pages:
        for sort in list_.ways():
            monkeypatch.setattr(paging, "ROOM", 1000)
            whole = rows_of(client.get(address, {"sort": sort.asked}, headers=PART))
            monkeypatch.setattr(paging, "ROOM", max(1, len(whole) // 3))
            page = client.get(address, {"sort": sort.asked}, headers=PART)
            rows, beside = rows_of(page), shown.beside(page)
            while next_ := beside.get("Next"):
                page = client.get(next_, headers=PART)
                rows, beside = rows + rows_of(page), shown.beside(page)
                turned += 1
                assert "Previous" in beside, list_.name
            assert rows == whole, (list_.name, sort.asked)
    assert turned > 20


def test_what_is_no_value_is_said_beside_its_field(client, pages):
    for address, list_ in pages:
        for name, filter_ in list_.filters.base_filters.items():
            if isinstance(filter_, filters.Line):
                continue
            page = client.get(address, {name: "not one"})
            assert page.status_code == 422, (list_.name, name)
            assert page.context["shown"].form.errors[name], (list_.name, name)
        assert client.get(address, {"after": "not a key"}).status_code == 404, list_.name
        # What nobody offers is not asked for.
        assert client.get(address, {"sort": "nothing", "sums": "nothing", "x": "y"}).status_code == 200


def test_a_list_takes_one_declaration_and_one_address(world, settings):
    """The example of docs/development.md is served as it stands there."""
    text = (ROOT / "docs" / "development.md").read_text()
    code = text.split("test_lists.py runs this. -->\n```python\n")[1].split("```")[0]
    module = ModuleType("assignments")
    exec(compile(code, "docs/development.md", "exec"), module.__dict__)
    served = ModuleType("served")
    vars(served)["urlpatterns"] = [
        path("assignments/", lists.page(module.ASSIGNMENTS), name="assignments"),
        *urls.urlpatterns,
    ]
    settings.ROOT_URLCONF = served
    client = client_with(permissions=["subscriptions.view_subscription"])
    made = Assignment.objects.select_related("member", "subscription__plan").get()
    row = {
        "Member": made.member.name,
        "Plan": made.subscription.plan.name,
        "Assigned on": days.display(made.assigned_on),
        "Ended on": "–" if made.ended_on is None else days.display(made.ended_on),
    }
    for query, wanted in (
        ({}, [row]),
        ({"organisation": "Organisation"}, [row]),
        ({"member": made.member.name[1:4]}, [row]),
        ({"member": "Nobody"}, []),
        ({"assigned_from": "2099-01-01"}, []),
        ({"sort": "newest"}, [row]),
    ):
        page = client.get("/assignments/", query)
        assert [found for table in shown.read(page).tables for found in table.rows] == wanted, query
    file = b"".join(client.get("/assignments/", {"format": "csv"})).decode("utf-8-sig")
    assert file.splitlines()[0] == "Member,Plan,Assigned on,Ended on"
    assert Client().get("/assignments/").status_code == 302
