"""Everything an import refuses, by FILE:LINE: column, and that nothing is written then."""

# ruff: noqa: E501 - the tables are read best with one case a line

import datetime as dt

import pytest
from babel import Locale
from django.core.management.base import CommandError
from django.db import IntegrityError

from portal.importing import loading, values
from tests.support import factories
from tests.support.directory import ACME, BETA, S1, S2, S3, S4, row_counts

pytestmark = pytest.mark.django_db

Case = tuple[str, int, str, str, list[str]]
UNKNOWN = "99999999-9999-4999-8999-999999999999"

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

# Each in a directory of its own.
ONE_FIELD = [
    ("subscriptions", 2, "started_on", "2026-03-31", ["subscriptions.csv:2: started_on: 2026-03-31 is after the first cycle, expected 2026-01-31 or earlier (line 2 of cycles.csv)"]),
    ("cycles", 3, "starts_on", "2026-03-01", ["cycles.csv:3: starts_on: 2026-03-01 is not on the anchor day, expected day 31", "credit_notes.csv:3: cycle_starts_on: "]),
    ("cycles", 4, "starts_on", "9998-12-01", []),
    ("cycles", 4, "starts_on", "9999-01-01", ["cycles.csv:4: months: the cycle ends on 9999-01-31"]),
    # references
    ("members", 2, "organisation_uuid", UNKNOWN, [f"members.csv:2: organisation_uuid: \"{UNKNOWN}\" is unknown"]),
    ("contracts", 3, "organisation_uuid", UNKNOWN, ["contracts.csv:3: organisation_uuid: "]),
    ("subscriptions", 3, "organisation_uuid", UNKNOWN, ["subscriptions.csv:3: organisation_uuid: "]),
    ("subscriptions", 3, "sku", "NONE", ["subscriptions.csv:3: sku: \"NONE\" is unknown"]),
    ("subscriptions", 3, "sku", "SIP", ["subscriptions.csv:3: sku: the plan is in SGD, expected JPY"]),
    ("subscriptions", 2, "contract_reference", "CT-9", ["subscriptions.csv:2: contract_reference: \"CT-9\" is unknown"]),
    ("subscriptions", 2, "contract_reference", "CT-2", ["subscriptions.csv:2: contract_reference: \"CT-2\" is a contract of another"]),
    ("cycles", 4, "subscription_uuid", UNKNOWN, ["subscriptions.csv:4: expires_on: missing", "cycles.csv:4: subscription_uuid: "]),
    ("numbers", 2, "subscription_uuid", UNKNOWN, ["numbers.csv:2: subscription_uuid: "]),
    ("credit_notes", 4, "organisation_uuid", UNKNOWN, ["credit_notes.csv:4: organisation_uuid: "]),
    ("credit_notes", 2, "subscription_uuid", UNKNOWN, ["credit_notes.csv:2: subscription_uuid: "]),
    ("credit_notes", 2, "organisation_uuid", BETA, ["credit_notes.csv:2: net: 25.00 has 2 decimals", "credit_notes.csv:2: tax: 2.25 has 2", "credit_notes.csv:2: subscription_uuid: \"" + S1 + "\" is a subscription of another"]),
    ("credit_notes", 2, "cycle_starts_on", "2026-02-01", ["credit_notes.csv:2: cycle_starts_on: the subscription has no cycle that begins on 2026-02-01"]),
    # amounts together
    ("credit_notes", 2, "net", "53", ["credit_notes.csv:2: net: with this note 55.25 is given back of the cycle, expected at most the 54.50"]),
    # one invoice
    ("cycles", 4, "invoice_issued_on", "2026-02-01", ["cycles.csv:4: invoice_issued_on: 2026-02-01 differs from 2026-01-31, the date of invoice \"TIN-1\" in line 2"]),
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


@pytest.mark.parametrize(("file", "line", "column", "value", "expected"), ONE_FIELD)
def test_one_field(directory, imported, file, line, column, value, expected):
    before = row_counts()
    directory.set(file, line, column, value)
    status, out, err = imported(directory.write())
    assert [text[: len(start)] for text, start in zip(err, expected, strict=True)] == expected
    if expected:
        assert (status, out) == (1, [])
        assert row_counts() == before


# file, rows added at the end (line numbers follow on), and the faults.
ADDED_ROWS = [
    ("organisations", [f"{ACME},Again,SG,SGD,Asia/Singapore,,,,,,,,"], ["organisations.csv:4: uuid: the same uuid as in line 2"]),
    ("members", [f"{ACME},ann@acme.example,Ann B,"], ["members.csv:4: email: the same organisation_uuid and email as in line 2"]),
    ("plans", ["SIP,SIP Trunk,Other,SGD,1"], ["plans.csv:4: sku: the same sku as in line 2"]),
    ("contracts", [f"CT-1,{ACME},milestone,2025-01-01,2025-01-01,"], ["contracts.csv:4: reference: the same reference as in line 2"]),
    ("subscriptions", [f"{S2},{BETA},FAX,active,2026-02-01,,,,2026-02-28,,"], ["subscriptions.csv:6: uuid: the same uuid as in line 3"]),
    ("cycles", [f"{S1},2026-01-31,1,50,0,0,TIN-1,,,"], ["cycles.csv:5: starts_on: the same subscription_uuid and starts_on as in line 2"]),
    ("cycles", [f"{S3},2025-12-01,3,50,0,0,TIN-8,,,"], ["cycles.csv:5: starts_on: overlaps the cycle of line 4 (2026-02-01 to 2026-02-28)"]),
    ("cycles", [f"{S2},2026-02-01,1,900,0,0,TIN-1,,,"], ["cycles.csv:5: invoice_number: \"TIN-1\" is the invoice of another organisation in line 2"]),
    ("cycles", [f"{S2},2026-01-01,3,900,0,0,TIN-8,,,"], ["subscriptions.csv:3: started_on: 2026-02-01 is after the first cycle", "subscriptions.csv:3: expires_on: 2026-02-28 differs"]),
    ("numbers", [f"+6531234567,{S1},"], ["numbers.csv:6: number: the same number and subscription_uuid as in line 2"]),
    ("numbers", [f"+6531234567,{S2},"], ["numbers.csv:6: number: +6531234567 is on another subscription in line 2"]),
    ("credit_notes", [f"TCN-1,{BETA},1,0,void,,,"], ["credit_notes.csv:5: number: the same number as in line 2"]),
    ("credit_notes", [f"TCN-8,{ACME},27.26,0,applied,,{S1},2026-01-31"], ["credit_notes.csv:5: net: with this note 54.51 is given back of the cycle (since line 2)"]),
    ("credit_notes", [f"TCN-8,{ACME},50,0,draft,,{S1},2026-01-31", f"TCN-9,{ACME},50,0,void,,{S1},2026-01-31"], []),
    ("plans", ["A,B,C"], ["plans.csv:4: row: 3 fields, expected the 5 of the header"]),
    ("plans", ["A,B,C,SGD,1,2"], ["plans.csv:4: row: 6 fields, expected the 5 of the header"]),
    ("plans", [""], []),
    ("plans", ["", "D,E,F,SGD,1"], ["plans.csv:4: row: 0 fields"]),
    ("plans", ['A,"B,C,SGD,1'], ["plans.csv:4: row: a quote is never closed"]),
    ("plans", ['A,"B"x,C,SGD,1', "D,E,F,SGD,x"], ["plans.csv:4: row: wrong quoting", "plans.csv:5: price_per_month: "]),
    ("plans", ['A,B"x,C,SGD,1'], ["plans.csv:4: row: wrong quoting"]),
    ("plans", ['A,"B\nB","C\nC",SGD,1', "D,E,F,SGD,x"], ["plans.csv:7: price_per_month: "]),
    ("plans", ['A,"B\nB",C,SGX,1'], ["plans.csv:4: currency: "]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "rows", "expected"), ADDED_ROWS)
def test_rows(directory, imported, file, rows, expected):
    before = row_counts()
    directory.add(file, *rows)
    status, out, err = imported(directory.write())
    assert [text[: len(start)] for text, start in zip(err, expected, strict=True)] == expected
    if expected:
        assert (status, out) == (1, [])
        assert row_counts() == before


# file, its header line, the fault of the whole file.
HEADERS = [
    ("plans", "sku,product,name,currency", "plans.csv:1: header: the column price_per_month is missing"),
    ("plans", "sku,product,name,currency,price_per_month,colour", 'plans.csv:1: header: unknown column "colour"'),
    ("plans", "sku,product,name,currency,price_per_month,sku", "plans.csv:1: header: the column sku comes twice"),
    ("members", "", "members.csv:1: header: "),
]


@pytest.mark.parametrize(("file", "header", "expected"), HEADERS)
def test_headers(directory, imported, file, header, expected):
    directory.files[file][0] = header
    status, out, err = imported(directory.write())
    assert (status, out) == (1, [])
    assert err[0][: len(expected)] == expected


def test_an_unreadable_file_does_not_make_everything_unknown(directory, imported):
    path = directory.write()
    (path / "organisations.csv").write_bytes("uuid,name\n".encode("utf-16"))
    status, _, err = imported(path)
    assert (status, err) == (
        1,
        ["organisations.csv:1: header: a byte is not UTF-8, expected a file in UTF-8"],
    )


# file, what stands there, what is put there instead, and all that is said.
SPOILT = [
    ("organisations", "Acmé Ltd", 'Acmé "Ltd"', ["organisations.csv:2: row: wrong quoting, expected that of RFC 4180"]),
    ("organisations", "Acmé Ltd", '"Acmé" Ltd', ["organisations.csv:2: row: wrong quoting, expected that of RFC 4180"]),
    ("organisations", f"{ACME},", f'"{ACME}" ,', ["organisations.csv:2: row: wrong quoting, expected that of RFC 4180"]),
    ("organisations", f"{ACME},", f'"{ACME},', ["organisations.csv:2: row: a quote is never closed, expected a quote at the end of the field"]),
    ("organisations", "ベータ", '"ベータ', ["organisations.csv:3: row: a quote is never closed, expected a quote at the end of the field"]),
    ("cycles", "TIN-2", 'T"I"N-2', ["cycles.csv:3: row: wrong quoting, expected that of RFC 4180"]),
    ("cycles", "TIN-2", '"TIN-2', ["cycles.csv:3: row: a quote is never closed, expected a quote at the end of the field"]),
    ("cycles", f"{S1},2026-02-28", "x" * (1 << 20), ["cycles.csv:3: row: the line is longer than a megabyte"]),
    ("plans", "SIP Trunk", "SIP\rTrunk", ["plans.csv:2: row: a carriage return without a line feed, expected lines that end in LF or CR LF"]),
    ("plans", "SIP Trunk", "SIP@,Trunk", ["plans.csv:2: row: 6 fields", "plans.csv:2: row: a byte is not UTF-8"]),
    ("plans", "SIP Trunk", 'SIP "@" Trunk', ["plans.csv:2: row: a byte is not UTF-8", "plans.csv:2: row: wrong quoting"]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "right", "wrong", "expected"), SPOILT)
def test_a_record_that_cannot_be_read_is_all_that_is_said(directory, imported, file, right, wrong, expected):
    """What refers to it is not unknown, and nobody says what an expiry date should be from half of the cycles."""
    directory.set("subscriptions", 2, "expires_on", "2026-03-30")
    directory.set("subscriptions", 4, "expires_on", "2026-02-28")
    path = directory.write()
    content = (path / f"{file}.csv").read_bytes()
    assert right.encode() in content
    (path / f"{file}.csv").write_bytes(content.replace(right.encode(), wrong.encode().replace(b"@", b"\xff"), 1))
    status, _, err = imported(path)
    assert (status, [text[: len(start)] for text, start in zip(err, expected, strict=True)]) == (1, expected)


def test_a_subscription_whose_uuid_cannot_be_read_does_not_lack_an_expiry_date(directory, imported):
    directory.set("subscriptions", 2, "uuid", "x")
    err = imported(directory.write())[2]
    assert [line.split(": ")[1] for line in err if line.startswith("subscriptions.csv:")] == ["uuid"]


def test_a_note_whose_amount_cannot_be_read_gives_nothing_back(directory, imported):
    directory.set("credit_notes", 2, "net", "53")
    directory.add(
        "credit_notes", f"TCN-8,{ACME},x,0,sent,,{S1},2026-01-31", f"TCN-9,{ACME},0,0,sent,,{S1},2026-01-31"
    )
    assert [text[:48] for text in imported(directory.write())[2]] == [
        "credit_notes.csv:2: net: with this note 55.25 is",
        'credit_notes.csv:5: net: "x" is not an amount, e',
    ]


def test_an_empty_file_and_a_missing_one(directory, imported):
    path = directory.write()
    (path / "members.csv").write_bytes(b"")
    (path / "organisations.csv").unlink()
    status, _, err = imported(path)
    assert status == 1
    assert [line.split(",")[0] for line in err] == [
        "organisations.csv:1: header: the file is missing",
        "members.csv:1: header: the file is empty",
    ]


def test_a_byte_that_is_not_utf8_is_a_fault_of_its_line(directory, imported):
    directory.add("plans", 'A,"two', 'lines @",C,SGD,1', "D,@,F,SGD,1")
    path = directory.write()
    (path / "plans.csv").write_bytes((path / "plans.csv").read_bytes().replace(b"@", b"\xff"))
    status, _, err = imported(path)
    assert status == 1
    assert err == [
        "plans.csv:5: product: a byte is not UTF-8, expected a file in UTF-8",
        "plans.csv:6: product: a byte is not UTF-8, expected a file in UTF-8",
    ]


def test_faults_are_sorted_by_file_line_and_column(directory, imported):
    directory.set("credit_notes", 2, "status", "x")
    directory.set("cycles", 3, "paid", "60")
    directory.set("cycles", 3, "starts_on", "2026-03-01")
    directory.set("cycles", 2, "months", "0")
    directory.set("organisations", 3, "timezone", "Mars/Base")
    directory.set("organisations", 3, "currency", "jpy")
    _, _, err = imported(directory.write())
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in err] == [
        "organisations.csv:3 currency",
        "organisations.csv:3 timezone",
        "cycles.csv:2 months",
        "cycles.csv:3 starts_on",
        "cycles.csv:3 paid",
        "credit_notes.csv:2 status",
        "credit_notes.csv:3 cycle_starts_on",
    ]


def test_of_more_than_a_thousand_faults_the_first_and_the_count_are_printed(directory, imported):
    directory.add("members", *(f"{ACME},m{n}@acme.example,M{n},chief" for n in range(6000)))
    directory.add("numbers", *(f"+65400{n:05d},{UNKNOWN}," for n in range(1500)))
    directory.set("organisations", 3, "country", "ZZ")
    status, out, err = imported(directory.write())
    assert (status, out, len(err)) == (1, [], 1001)
    assert err[0].startswith("organisations.csv:3: country: ")
    assert [line.split(":")[1] for line in err[1:1000]] == [str(n) for n in range(4, 1003)]
    assert err[1000] == "7,501 faults; the first 1,000 are listed."


def test_a_thousand_faults_are_all_printed(directory, imported):
    directory.add("numbers", *(f"+65400{n:05d},{UNKNOWN}," for n in range(1000)))
    _, _, err = imported(directory.write())
    assert len(err) == 1000
    assert err[-1].startswith("numbers.csv:1005: subscription_uuid: ")


def test_today_is_that_of_the_organisation(directory, imported):
    directory.set("subscriptions", 4, "terminated_on", "2026-03-11")
    # 16:00 UTC: the 11th has begun in Singapore.
    status, _, err = imported(directory.write(), at=dt.datetime(2026, 3, 10, 16, 0, tzinfo=dt.UTC))
    assert (status, err) == (0, [])


def test_there_are_249_countries():
    codes = [code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()]
    accepted = set()
    for code in codes:
        try:
            accepted.add(values.country(code))
        except values.Malformed:
            continue
    assert len(accepted) == 249


def test_a_record_the_portal_made_is_not_taken_over(directory, imported):
    factories.OrganisationFactory.create(uuid=ACME)
    status, _, err = imported(directory.write())
    assert status == 1
    assert err[0] == (
        "organisations.csv:2: uuid: the portal has this record already, and not from an import, "
        "expected another key"
    )


def test_a_clash_with_the_portal_is_one_sentence(directory, imported, monkeypatch):
    def clash(*args, **kwargs):
        raise IntegrityError('duplicate key "an_invoice_has_its_own_number"\nDETAIL: more')

    monkeypatch.setattr(loading, "load", clash)
    before = row_counts()
    with pytest.raises(CommandError, match="The portal was changed meanwhile, and nothing was written"):
        imported(directory.write())
    assert row_counts() == before


def test_that_a_subscription_is_terminated_is_all_that_is_said_of_its_cycle(directory, imported):
    directory.set("subscriptions", 5, "expires_on", "2026-06-30")
    imported(directory.write())
    directory.add("cycles", f"{S4},2025-12-01,1,50,0,0,TIN-8,,,")
    assert [line.split(": ")[:2] for line in imported(directory.write())[2]] == [
        ["cycles.csv:5", "subscription_uuid"]
    ]
