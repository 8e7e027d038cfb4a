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

UNKNOWN = "99999999-9999-4999-8999-999999999999"

# file, line, column, value put there, and the faults: prefix and a part of the sentence; each in a directory of its own.
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
