"""The pager of lists: by key, in both directions, over rows of equal days and rows without one."""

import itertools
from datetime import date

import pytest

from invoicing.models import Invoice
from portal.lib.lists import paging
from portal.lib.lists.paging import NEWEST, Sort
from tests.support import factories

pytestmark = pytest.mark.django_db

ISSUED = Sort("issued", ("issued_on", "id"), "earliest first", "latest first", may_be_empty=True)
DAYS = [None, date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 1), None, date(2026, 3, 1), date(2026, 2, 28)]


@pytest.fixture
def invoices():
    organisation = factories.OrganisationFactory.create()
    made = []
    for day in DAYS:
        made.append(factories.invoice(organisation, amounts=[("5", "0")], issued_on=day))
        if day is None:
            Invoice.objects.filter(pk=made[-1].pk).update(issued_on=None)
    return made


def walked(sort, *, backwards=False, room=2, **how):
    """Go through all pages, and give the rows of each."""
    rows = Invoice.objects.all()
    page = paging.page_of(rows, sort=sort, room=room, **how)
    pages = [page]
    while page.next:
        key = paging.read(paging.written(page.next), of=Invoice, sort=sort)
        page = paging.page_of(rows, sort=sort, key=key, room=room, **how)
        pages.append(page)
    if backwards:
        pages = [page]
        while page.previous:
            key = paging.read(paging.written(page.previous), of=Invoice, sort=sort, is_before=True)
            page = paging.page_of(rows, sort=sort, key=key, room=room, **how)
            pages.insert(0, page)
    return [[row.pk for row in page.rows] for page in pages]


@pytest.mark.parametrize("room", [1, 2, 3, 50])
@pytest.mark.parametrize("sort", [NEWEST, NEWEST.reversed_(), ISSUED, ISSUED.reversed_()], ids=lambda s: s.asked)
def test_all_pages_together_are_the_list_in_its_order(invoices, sort, room):
    fields = [f"-{name}" if sort.is_descending else name for name in sort.fields]
    wanted = list(Invoice.objects.order_by(*fields).values_list("pk", flat=True))
    assert len(wanted) == len(DAYS)
    pages = walked(sort, room=room)
    assert list(itertools.chain(*pages)) == wanted
    assert [len(page) for page in pages[:-1]] == [room] * (len(pages) - 1)
    back = walked(sort, room=room, backwards=True)
    # The first page is whole again, so it may repeat what stands on the second.
    assert back[0] == wanted[:room]
    assert list(dict.fromkeys(itertools.chain(*back))) == wanted


@pytest.mark.parametrize("sort", [NEWEST, ISSUED, ISSUED.reversed_()], ids=lambda s: s.asked)
def test_a_window_ends_a_page_and_the_next_one_goes_on(invoices, sort):
    wanted = {invoice.pk for invoice in invoices if invoice.issued_on == date(2026, 3, 1)}
    pages = walked(sort, window=2, narrow=lambda rows: rows.filter(issued_on=date(2026, 3, 1)))
    assert set(itertools.chain(*pages)) == wanted
    assert sum(map(len, pages)) == len(wanted)
    first = paging.page_of(
        Invoice.objects.all(), sort=NEWEST, window=1, narrow=lambda rows: rows.filter(issued_on=DAYS[1])
    )
    assert (first.rows, first.looked_at) == ((), invoices[-1].pk)


def test_a_page_takes_one_query_and_a_window_one_more(invoices, django_assert_num_queries):
    with django_assert_num_queries(1):
        paging.page_of(Invoice.objects.all(), sort=NEWEST, room=2)
    with django_assert_num_queries(2):
        paging.page_of(Invoice.objects.all(), sort=NEWEST, room=2, narrow=lambda rows: rows.filter(kind="tax"))


def test_everything_is_read_batch_by_batch(invoices):
    batches = list(paging.everything(Invoice.objects.all(), sort=ISSUED, batch=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert {row.pk for batch in batches for row in batch} == {invoice.pk for invoice in invoices}


@pytest.mark.parametrize("text", ["", "x", "1~2", "99999999999999999999", "1\0", "9" * 500])
def test_what_is_no_key_is_said(text):
    with pytest.raises(paging.NoSuchPlace):
        paging.read(text, of=Invoice, sort=NEWEST)


@pytest.mark.parametrize("text", ["2026-03-01", "2026-13-01~5", "~", "2026-03-01~x", "x~5", "\0~5"])
def test_what_is_no_key_of_two_columns_is_said(text):
    with pytest.raises(paging.NoSuchPlace):
        paging.read(text, of=Invoice, sort=ISSUED)
