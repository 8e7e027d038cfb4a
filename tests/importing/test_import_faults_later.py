"""What an import refuses because of what an earlier one brought, by FILE:LINE: column."""

# ruff: noqa: E501 - the tables are read best with one case a line

import pytest

from customers.imports import known
from tests.support.directory import ACME, S1, S2, S4, row_counts

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.django_db]

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
    before = row_counts()
    directory.add(file, row)
    status, _, err = imported(directory.write())
    assert [text[: len(start)] for text, start in zip(err, expected, strict=True)] == expected
    assert (status, row_counts() == before) == ((1, True) if expected else (0, False))


def test_a_cycle_before_a_known_start_is_named_where_it_is(directory, imported):
    directory.files = {
        "organisations": directory.files["organisations"],
        "cycles": [directory.files["cycles"][0], f"{S2},2026-01-01,2,900,0,0,TIN-8,,,"],
    }
    assert imported(directory.write())[2] == [
        "cycles.csv:2: starts_on: 2026-01-01 is before the subscription started, expected 2026-02-01 or later"
    ]
