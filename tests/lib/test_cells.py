"""How the values of a list are written: for people on its page, for machines in its file."""

import datetime as dt
import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from moneyed import Money

from portal.lib.lists import cells
from tests.support import pages

UUID = uuid.UUID("11111111-2222-4333-8444-555555555555")
AT = dt.datetime(2026, 3, 10, 17, 5, tzinfo=ZoneInfo("Asia/Singapore"))


class Page:
    def __init__(self, markup: str) -> None:
        self.content = markup.encode()


# Each value, its words on a page, and what stands in a file.
WRITTEN = (
    (None, "–", ""),
    ("", "–", ""),
    ("Müller & <Co>", "Müller & <Co>", "Müller & <Co>"),
    (12345, "12,345", "12345"),
    (0, "0", "0"),
    (True, "Yes", "yes"),
    (False, "No", "no"),
    (Decimal("1234.5"), "1,234.5", "1234.5"),
    (Money("1234.5", "SGD"), "SGD 1,234.50", "1234.50"),
    (Money("1234", "JPY"), "JPY 1,234", "1234"),
    (Money("-3", "SGD"), "SGD -3.00", "-3.00"),
    (cells.Balance(Money("1234.123456", "SGD")), "SGD 1,234.123456 CR", "1234.123456"),
    (cells.Balance(Money("0", "SGD")), "SGD 0.00 CR", "0.00"),
    (cells.Balance(Money("-0.01", "SGD")), "SGD 0.01 DR", "-0.01"),
    (cells.Exact(Money("0.000001", "SGD")), "SGD 0.000001", "0.000001"),
    (cells.Signed(Money("1234.5", "SGD")), "SGD +1,234.50", "1234.50"),
    (cells.Signed(Money("-2", "SGD")), "SGD -2.00", "-2.00"),
    (cells.Signed(Money("0", "SGD")), "SGD 0.00", "0.00"),
    (dt.date(2026, 3, 7), "7 March 2026", "2026-03-07"),
    (AT, "10 March 2026, 17:05 Asia/Singapore", "2026-03-10T17:05:00+08:00"),
    (UUID, str(UUID), str(UUID)),
    (cells.Code("sent", "Sent off"), "Sent off", "sent"),
    (cells.Word("tax", "Tax invoice"), "Tax invoice", "tax"),
    (cells.On(dt.date(2026, 3, 7)), "on 7 March 2026", "2026-03-07"),
    (cells.Link("Acme", "/customers/"), "Acme", "Acme"),
    (cells.Sentence("It ended."), "It ended.", "It ended."),
    (cells.Under("Acme", ("REF-1", "", None)), "Acme REF-1", "Acme"),
    (cells.Lines(("One", "Two")), "One Two", "One; Two"),
    (cells.Lines(()), "–", ""),
)


@pytest.mark.parametrize(("value", "shown", "filed"), WRITTEN)
def test_a_value_is_written_for_people_and_for_machines(value, shown, filed):
    assert pages.words(Page(cells.html(value))) == shown
    assert cells.plain(value) == filed


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_text_of_a_file_begins_as_a_formula(start):
    text = f"{start}1+1"
    for value in (text, cells.Sentence(text), cells.Link(text, "/"), cells.Under(text, ())):
        assert cells.harmless(value) == f"'{text}"
    assert cells.harmless(f"1{text}") == f"1{text}"


@pytest.mark.parametrize("value", [-1, Money("-3", "SGD"), cells.Signed(Money("-3", "SGD")), Decimal("-3.5")])
def test_a_negative_amount_of_a_file_stays_a_number(value):
    assert cells.harmless(value) == cells.plain(value)
    assert cells.plain(value).startswith("-")


def test_a_link_leads_to_its_address():
    assert cells.html(cells.Link("A & B", "/a/?b=1&c=2")) == '<a href="/a/?b=1&amp;c=2">A &amp; B</a>'
