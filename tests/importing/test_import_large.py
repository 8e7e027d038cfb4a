"""Sums that no column could hold are refused before they are there."""

import pytest

from portal import verification
from tests.support.directory import ACME, NOW, S1, row_counts

pytestmark = pytest.mark.django_db(transaction=True)

LARGE = "999999999999.99"


def cycles(first: int, count: int) -> list[str]:
    """Cycles of the first subscription, each on an invoice of its own, from April 2026 on."""
    days = [f"{2026 + (n + 3) // 12}-{(n + 3) % 12 + 1:02d}" for n in range(first, first + count)]
    lasts = {"01": 31, "02": 28, "03": 31, "04": 30, "05": 31, "06": 30}
    lasts |= {"07": 31, "08": 31, "09": 30, "10": 31, "11": 30, "12": 31}
    starts = [f"{day}-{lasts[day[-2:]]}" for day in days]
    return [f"{S1},{start},1,{LARGE},0,0,BIG-{first + n}," for n, start in enumerate(starts)]


@pytest.fixture
def large(directory):
    """The first subscription alone, from the end of March on."""
    directory.files["cycles"] = [directory.files["cycles"][0].removesuffix(",activation_fee,external_invoice")]
    directory.files["credit_notes"] = directory.files["credit_notes"][:1]
    directory.set("subscriptions", 4, "expires_on", "2026-02-20")
    return directory


def test_what_an_account_could_not_hold_is_a_fault_of_its_row(large, imported):
    large.add("cycles", *cycles(0, 12))
    before = row_counts()
    status, out, err = imported(large.write())
    assert (status, out) == (1, [])
    assert err == [
        "cycles.csv:11: net: with this row balance, credit limit and charges of the organisation "
        f"{ACME} come to 10000000000186.00148, expected less than 10,000,000,000,000"
    ]
    assert row_counts() == before


def test_what_is_there_already_counts(large, imported):
    large.add("cycles", *cycles(0, 9))
    assert imported(large.write())[::2] == (0, [])
    assert not list(verification.faults(at=NOW))
    large.add("cycles", *cycles(9, 1))
    (fault,) = imported(large.write())[2]
    assert fault.startswith("cycles.csv:11: net: with this row balance, credit limit and charges")
