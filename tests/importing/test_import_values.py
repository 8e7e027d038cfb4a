"""Each value that an import refuses, by FILE:LINE: column, and that nothing is written then."""

# ruff: noqa: E501 - the table is read best with one case a line

import pytest

from tests.support.directory import row_counts

pytestmark = pytest.mark.django_db

Case = tuple[str, int, str, str, list[str]]

# file, line, column, value put there, and the faults: prefix and a part of the sentence. Each of these is about its own
# field alone, so several of them stand in one directory.
VALUES: list[Case] = [
    ("organisations", 3, "name", "", ["organisations.csv:3: name: missing"]),
    ("organisations", 3, "name", "   ", ["organisations.csv:3: name: missing"]),
    ("organisations", 3, "name", "x" * 201, ["organisations.csv:3: name: the text has 201 characters"]),
    ("organisations", 3, "name", "a\x00b", ["organisations.csv:3: name: \"a\\x00b\" holds a control character"]),
    ("organisations", 3, "country", "XK", ["organisations.csv:3: country: \"XK\" is not a country"]),
    ("organisations", 3, "country", "jp", ["organisations.csv:3: country: \"jp\" is not a country"]),
    ("organisations", 3, "status", "closed", ["organisations.csv:3: status: \"closed\" is unknown"]),
    ("organisations", 3, "payment_mode", "cash", ["organisations.csv:3: payment_mode: "]),
    ("organisations", 3, "credit_limit", "-1", ["organisations.csv:3: credit_limit: \"-1\" is negative"]),
    ("organisations", 3, "opening_balance", "1.1234567", ["organisations.csv:3: opening_balance: "]),
    ("organisations", 3, "opening_balance", "1,5", ["organisations.csv:3: opening_balance: \"1,5\" is not an amount"]),
    ("organisations", 3, "owner_email", "a@x.example;", ["organisations.csv:3: owner_email: \"a@x.example;\" is not an e-mail address, expected a@x.example"]),
    ("organisations", 3, "billing_email", "mailto:a@x.example", ["organisations.csv:3: billing_email: \"mailto:a@x.example\" is not an e-mail address, expected a@x.example"]),
    ("members", 2, "email", "Ann <ann@x.example>", ["members.csv:2: email: \"Ann <ann@x.example>\" is not an e-mail address, expected ann@x.example"]),
    ("organisations", 3, "owner_email", "nobody", ["organisations.csv:3: owner_email: \"nobody\" is not an e-mail"]),
    ("organisations", 3, "created_on", "2026-02-30", ["organisations.csv:3: created_on: \"2026-02-30\" is not a date"]),
    ("organisations", 3, "created_on", "20260201", ["organisations.csv:3: created_on: "]),
    ("organisations", 3, "created_on", "0001-01-01", ["organisations.csv:3: created_on: \"0001-01-01\" is out of range"]),
    ("members", 2, "role", "chief", ["members.csv:2: role: "]),
    ("members", 2, "organisation_uuid", "acme", ["members.csv:2: organisation_uuid: \"acme\" is not a UUID"]),
    ("plans", 2, "currency", "XXQ", ["plans.csv:2: currency: \"XXQ\" is not a currency"]),
    ("plans", 2, "price_per_month", "50.001", ["plans.csv:2: price_per_month: 3 decimals, expected at most the 2 of SGD"]),
    ("plans", 3, "price_per_month", "900.0", ["plans.csv:3: price_per_month: 1 decimals"]),
    ("plans", 2, "price_per_month", "+50", ["plans.csv:2: price_per_month: \"+50\" is not an amount"]),
    ("plans", 2, "price_per_month", ".5", ["plans.csv:2: price_per_month: "]),
    ("plans", 2, "price_per_month", "5.", ["plans.csv:2: price_per_month: "]),
    ("plans", 2, "price_per_month", "1" * 13, ["plans.csv:2: price_per_month: \"1111111111111\" is too large"]),
    ("plans", 2, "price_per_month", "٥", ["plans.csv:2: price_per_month: "]),
    ("contracts", 2, "billing_plan", "monthly", ["contracts.csv:2: billing_plan: "]),
    ("contracts", 2, "ends_on", "2024-12-31", ["contracts.csv:2: ends_on: the contract ends before it starts"]),
    ("subscriptions", 2, "auto_renew", "yes", ["subscriptions.csv:2: auto_renew: \"yes\" is not a boolean"]),
    ("subscriptions", 2, "status", "paused", ["subscriptions.csv:2: status: "]),
    ("subscriptions", 4, "termination_reason", "x" * 2001, ["subscriptions.csv:4: termination_reason: "]),
    ("subscriptions", 2, "termination_reason", "why", ["subscriptions.csv:2: termination_reason: "]),
    ("subscriptions", 4, "terminated_on", "", ["subscriptions.csv:4: terminated_on: missing"]),
    ("subscriptions", 2, "terminated_on", "2026-02-20", ["subscriptions.csv:2: terminated_on: given for the status"]),
    ("subscriptions", 4, "terminated_on", "2025-11-30", ["subscriptions.csv:4: terminated_on: before the subscription"]),
    ("subscriptions", 4, "terminated_on", "2026-03-11", ["subscriptions.csv:4: terminated_on: 2026-03-11 is after today"]),
    ("subscriptions", 3, "expires_on", "2026-01-31", ["subscriptions.csv:3: expires_on: before the subscription"]),
    ("subscriptions", 3, "expires_on", "", ["subscriptions.csv:3: expires_on: missing"]),
    ("subscriptions", 3, "expires_on", "9999-12-31", ["subscriptions.csv:3: expires_on: "]),
    ("subscriptions", 2, "expires_on", "2026-03-31", ["subscriptions.csv:2: expires_on: 2026-03-31 differs from the cycles, expected 2026-03-30"]),
    ("cycles", 2, "months", "0", ["cycles.csv:2: months: \"0\" is out of range, expected a number of months from 1 to 1,200"]),
    ("cycles", 2, "months", "-1", ["cycles.csv:2: months: \"-1\" is out of range"]),
    ("cycles", 2, "months", "1.5", ["cycles.csv:2: months: \"1.5\" is not a whole number"]),
    ("cycles", 2, "months", "99999999999", ["cycles.csv:2: months: \"99999999999\" is out of range"]),
    ("cycles", 3, "net", "-50", ["cycles.csv:3: net: \"-50\" is negative"]),
    ("cycles", 3, "net", "50.001", ["cycles.csv:3: net: 50.001 has 3 decimals, expected at most the 2 of SGD"]),
    ("cycles", 3, "net", "50.00001", ["cycles.csv:3: net: \"50.00001\" has 5 decimals"]),
    ("cycles", 3, "tax", "4.500", ["cycles.csv:3: tax: 4.500 has 3 decimals"]),
    ("cycles", 3, "paid", "20.000", ["cycles.csv:3: paid: 20.000 has 3 decimals"]),
    ("cycles", 3, "paid", "54.51", ["cycles.csv:3: paid: 54.51 is above net + tax, expected at most 54.50"]),
    ("cycles", 2, "activation_fee", "10.005", ["cycles.csv:2: activation_fee: 10.005 has 3 decimals"]),
    ("cycles", 2, "activation_fee", "-10", ["cycles.csv:2: activation_fee: \"-10\" is negative"]),
    ("cycles", 3, "external_invoice", "1", ["cycles.csv:3: external_invoice: "]),
    ("numbers", 2, "number", "6531234567", ["numbers.csv:2: number: \"6531234567\" is not an E.164 number"]),
    ("numbers", 2, "number", "+65 3123 4567", ["numbers.csv:2: number: "]),
    ("numbers", 2, "number", "+0531234567", ["numbers.csv:2: number: "]),
    ("credit_notes", 2, "status", "partly_applied", ["credit_notes.csv:2: status: "]),
    ("credit_notes", 2, "tax", "-1", ["credit_notes.csv:2: tax: \"-1\" is negative"]),
    ("credit_notes", 4, "net", "100.5", ["credit_notes.csv:4: net: 100.5 has 1 decimals, expected at most the 0 of JPY"]),
    ("credit_notes", 2, "cycle_starts_on", "", ["credit_notes.csv:2: cycle_starts_on: missing while subscription_uuid is given"]),
    ("credit_notes", 2, "subscription_uuid", "", ["credit_notes.csv:2: subscription_uuid: missing while cycle_starts_on is given"]),
]  # fmt: skip


def in_few_directories(cases: list[Case]) -> list[list[Case]]:
    """Put cases together that say nothing of each other: each field and each record once in a directory."""
    together: list[dict[tuple[str, int], Case]] = []
    for case in cases:
        file, line = case[:2]
        first = next((found for found in together if (file, line) not in found), None)
        if first is None:
            together.append(first := {})
        first[file, line] = case
    return [list(found.values()) for found in together]


@pytest.mark.parametrize("cases", in_few_directories(VALUES), ids=lambda cases: f"{len(cases)} at once")
def test_values(directory, imported, cases):
    before = row_counts()
    for file, line, column, value, _ in cases:
        directory.set(file, line, column, value)
    status, out, err = imported(directory.write())
    assert (status, out) == (1, [])
    starts = sorted(start for *_, (start,) in cases)
    assert [text[: len(start)] for text, start in zip(sorted(err), starts, strict=True)] == starts
    assert row_counts() == before
