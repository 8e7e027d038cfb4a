"""What an import refuses because of what an earlier one brought, by FILE:LINE: column."""

# ruff: noqa: E501 - the tables are read best with one case a line

import datetime as dt

import pytest

from customers.imports import known
from portal import verification
from subscriptions.models import Subscription
from tests.support.directory import ACME, NOW, S1, S2, S4, row_counts

pytestmark = pytest.mark.django_db

CHANGED = [
    ("organisations", 3, "name", "Other", "ベータ", "Other"),
    ("organisations", 3, "owner_email", "o@beta.example", "", "o@beta.example"),
    ("organisations", 2, "credit_limit", "100.5", "100", "100.5"),
    ("organisations", 2, "opening_balance", "7", "-86.10148", "7"),
    ("members", 2, "role", "admin", "owner", "admin"),
    ("plans", 2, "price_per_month", "51", "50", "51"),
    ("contracts", 2, "status", "completed", "in_progress", "completed"),
    ("subscriptions", 2, "auto_renew", "false", "true", "false"),
    ("subscriptions", 4, "terminated_on", "2026-02-19", "2026-02-20", "2026-02-19"),
    ("cycles", 3, "paid", "54.50", "20", "54.5"),
    ("cycles", 2, "invoice_number", "TIN-9", "TIN-1", "TIN-9"),
    ("numbers", 2, "ported_in", "false", "true", "false"),
    ("credit_notes", 2, "status", "applied", "sent", "applied"),
]


@pytest.mark.parametrize("options", [(), ("--update",)])
@pytest.mark.parametrize(("file", "line", "column", "value", "was", "is_now"), CHANGED)
def test_a_changed_row_names_the_column_and_both_values(
    directory, imported, file, line, column, value, was, is_now, options
):
    imported(directory.write())
    before = row_counts()
    directory.set(file, line, column, value)
    status, out, err = imported(directory.write(), *options)
    if options and column in known.CONTACTS and file == "organisations":
        assert (status, err) == (0, [])
        return
    assert (status, out) == (1, [])
    said = f'"{was}"' if was else "nothing"
    assert err == [
        f'{file}.csv:{line}: {column}: "{is_now}" differs from {said}, which the portal has, '
        "expected the row as imported before"
    ]
    assert row_counts() == before


# Rows that clash with what an earlier import brought: the later directory, and the faults.
LATER = [
    ("cycles", f"{S1},2025-12-31,2,50,0,0,TIN-8,,,", ["subscriptions.csv:2: started_on: ", "cycles.csv:5: starts_on: overlaps the cycle 2026-01-31 to 2026-02-27 that the portal has (line 2)"]),
    ("cycles", f"{S2},2026-02-01,1,900,0,0,TIN-2,,,", ["cycles.csv:5: invoice_number: \"TIN-2\" is an invoice of another organisation"]),
    ("cycles", f"{S1},2026-03-31,1,50,0,0,TIN-1,2026-03-31,,", ["cycles.csv:5: invoice_issued_on: 2026-03-31 differs from 2026-01-31"]),
    ("numbers", f"+6531234567,{S2},", [f"numbers.csv:6: number: +6531234567 serves the subscription {S1} already (line 2)"]),
    ("numbers", f"+6531234568,{S2},", []),
    ("numbers", f"+6599999999,{S4},", []),
    ("credit_notes", f"TCN-8,{ACME},27.26,0,sent,,{S1},2026-01-31", ["credit_notes.csv:5: net: with this note 54.51"]),
    ("credit_notes", f"TCN-8,{ACME},27.25,0,sent,,{S1},2026-01-31", []),
]  # fmt: skip


@pytest.mark.parametrize(("file", "row", "expected"), LATER)
def test_rows_against_what_is_there(directory, imported, file, row, expected):
    imported(directory.write())
    before = row_counts()
    directory.add(file, row)
    status, _, err = imported(directory.write())
    assert [text[: len(start)] for text, start in zip(err, expected, strict=True)] == expected
    assert (status, row_counts() == before) == ((1, True) if expected else (0, False))


def test_a_cycle_before_a_known_start_is_named_where_it_is(directory, imported):
    imported(directory.write())
    directory.files = {
        "organisations": directory.files["organisations"],
        "cycles": [directory.files["cycles"][0], f"{S2},2026-01-01,2,900,0,0,TIN-8,,,"],
    }
    assert imported(directory.write())[2] == [
        "cycles.csv:2: starts_on: 2026-01-01 is before the subscription started, expected 2026-02-01 or later"
    ]


LONG = dt.date(2027, 3, 31)


@pytest.fixture
def expires_later(directory, imported):
    """A subscription that came without cycles and is usable for long."""
    directory.set("subscriptions", 3, "expires_on", LONG.isoformat())
    assert imported(directory.write())[0] == 0
    return Subscription.objects.get(uuid=S2)


@pytest.mark.parametrize(
    ("cycles", "last_day"),
    [
        (["2026-02-01,1"], "2026-02-28"),
        (["2026-03-01,1", "2026-02-01,1"], "2026-03-31"),
        (["2026-02-01,13"], "2027-02-28"),
    ],
)
@pytest.mark.parametrize("is_repeated", [True, False])
def test_no_cycle_makes_a_known_subscription_end_sooner(
    directory, imported, expires_later, cycles, last_day, is_repeated
):
    before = row_counts()
    directory.add("cycles", *(f"{S2},{cycle},900,0,0,TIN-8,,," for cycle in cycles))
    if is_repeated:
        place = "subscriptions.csv:3: expires_on"
        with_it = "line 5 of cycles.csv"
    else:
        place, with_it = "cycles.csv:5: starts_on", "this line"
        del directory.files["subscriptions"]
    status, out, err = imported(directory.write())
    assert (status, out) == (1, [])
    assert err == [
        f"{place}: the subscription expires on 2027-03-31, but with {with_it} its cycles end on {last_day}, "
        "expected 2027-03-31 or later"
    ]
    assert row_counts() == before
    expires_later.refresh_from_db()
    assert (expires_later.expires_on, expires_later.status) == (LONG, "active")


@pytest.mark.parametrize(
    ("cycles", "expires_on"),
    [
        (["2026-02-01,14"], LONG),
        (["2027-03-01,1", "2026-02-01,1"], LONG),
        (["2026-02-01,15"], dt.date(2027, 4, 30)),
        (["2027-04-01,1"], dt.date(2027, 4, 30)),
    ],
)
def test_cycles_that_reach_the_expiry_date_are_taken(directory, imported, expires_later, cycles, expires_on):
    directory.add("cycles", *(f"{S2},{cycle},900,0,0,TIN-8,,," for cycle in cycles))
    assert imported(directory.write())[::2] == (0, [])
    expires_later.refresh_from_db()
    assert (expires_later.expires_on, expires_later.status) == (expires_on, "active")
    # Its cycles say so from now on, and one before the last day changes nothing.
    directory.add("cycles", f"{S2},2028-02-01,1,900,0,0,TIN-9,,,")
    assert imported(directory.write())[::2] == (0, [])
    directory.add("cycles", f"{S2},2027-11-01,1,900,0,0,TIN-9,,,")
    assert imported(directory.write())[::2] == (0, [])
    expires_later.refresh_from_db()
    assert expires_later.expires_on == dt.date(2028, 2, 29)
    assert not [fault for fault in verification.faults(at=NOW) if fault.kind == "expiry"]


def test_a_cycle_that_cannot_be_read_says_nothing_of_the_expiry(directory, imported, expires_later):
    directory.add("cycles", f"{S2},2026-02-01,1,900,0,0,TIN-8,,,", f"{S2},2026-03-01,x,900,0,0,TIN-8,,,")
    assert [line.split(": ")[:2] for line in imported(directory.write())[2]] == [["cycles.csv:6", "months"]]


def test_that_a_subscription_is_terminated_is_all_that_is_said_of_its_cycle(directory, imported):
    directory.set("subscriptions", 5, "expires_on", "2026-06-30")
    imported(directory.write())
    directory.add("cycles", f"{S4},2025-12-01,1,50,0,0,TIN-8,,,")
    assert [line.split(": ")[:2] for line in imported(directory.write())[2]] == [
        ["cycles.csv:5", "subscription_uuid"]
    ]
