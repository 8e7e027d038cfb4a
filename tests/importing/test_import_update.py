"""`--update`: contacts may change, what ended here stops nobody, and every other change is still a fault."""

import csv
import json
import os

import pytest
from django.core.management.base import CommandError

from customers.models import Organisation
from customers.search import lookup
from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from subscriptions.clean_up.operations import expire
from subscriptions.models import Subscription
from tests.support.directory import ACME, BETA, NOW, S1, row_counts

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.django_db]

UPDATE = "--update"


@pytest.fixture
def again(directory):
    """The right directory, which was imported once."""
    directory.write()
    return directory


@pytest.fixture
def ended(again, imported):
    """The first subscription has expired for long, and the night has ended it here."""
    Subscription.objects.filter(uuid=S1).update(auto_renew=False)
    counts = expire.terminate_expired(as_of=NOW.date().replace(month=6), limit=None, by=SYSTEM, at=NOW)
    assert Subscription.objects.get(uuid=S1).termination_ref, counts
    return again


def found(query):
    return {row.uuid for row in lookup.organisations(query).rows}


def test_contacts_change_with_what_the_search_knows_them_by(again, imported):
    again.set("organisations", 2, "name", "Neue Firma")
    again.set("organisations", 2, "owner_email", "")
    again.set("organisations", 2, "billing_email", "new@acme.example")
    again.set("organisations", 3, "customer_reference", "B-9")
    again.add("members", f"{BETA},eve@beta.example,Eve,")
    status, out, err = imported(again.write(), UPDATE)
    assert (status, err) == (0, [])
    assert out[:2] == [
        "organisations.csv: 0 new, 2 changed, 0 unchanged, 0 exceptions",
        "members.csv: 1 new, 0 changed, 2 unchanged, 0 exceptions",
    ]
    acme = Organisation.objects.get(uuid=ACME)
    assert (acme.name, acme.owner_email, acme.billing_email) == ("Neue Firma", "", "new@acme.example")
    assert dict(
        acme.search_keys.exclude(kind__in=("number", "member", "member_email")).values_list("kind", "text")
    ) == {
        "name": "neue firma",
        "uuid": ACME,
        "billing_email": "new@acme.example",
        "reference": "a-1",
    }
    assert "neue firma" in acme.search_text.text
    assert "o@acme.example" not in acme.search_text.text
    assert AuditEntry.objects.filter(description__startswith="organisations.csv: 0 new, 2 changed").count() == 1
    # The row is the imported one from now on.
    assert imported(again.path, UPDATE)[1][0] == "organisations.csv: 0 new, 0 changed, 2 unchanged, 0 exceptions"
    assert imported(again.path)[:2:2] == (0,)


def test_what_the_portal_changed_is_what_was(again, imported):
    Organisation.objects.filter(uuid=ACME).update(billing_email="agent@acme.example")
    # The same row is unchanged, whatever the portal did since.
    assert imported(again.path, UPDATE)[1][0] == "organisations.csv: 0 new, 0 changed, 2 unchanged, 0 exceptions"
    again.set("organisations", 2, "billing_email", "file@acme.example")
    assert imported(again.write())[2] == [
        'organisations.csv:2: billing_email: "file@acme.example" differs from "agent@acme.example", which the '
        "portal has, expected the row as imported before"
    ]
    assert imported(again.path, UPDATE)[0] == 0
    assert Organisation.objects.get(uuid=ACME).billing_email == "file@acme.example"


def test_one_change_that_is_not_taken_and_nothing_is_written(again, imported):
    again.set("organisations", 2, "billing_email", "new@acme.example")
    again.set("organisations", 3, "timezone", "Asia/Seoul")
    before = row_counts()
    status, out, err = imported(again.write(), UPDATE)
    assert (status, out) == (1, [])
    assert [line.split(": ")[:2] for line in err] == [["organisations.csv:3", "timezone"]]
    assert row_counts() == before
    assert Organisation.objects.get(uuid=ACME).billing_email == "b@acme.example"


def test_rows_about_what_ended_here_are_listed_and_not_written(ended, imported, tmp_path):
    ended.set("subscriptions", 2, "auto_renew", "false")
    ended.set("cycles", 3, "paid", "54.50")
    ended.add("cycles", f"{S1},2026-03-31,1,50,4.50,0,TIN-9,,,")
    ended.add("numbers", f"+6531239999,{S1},")
    ended.add("credit_notes", f"TCN-9,{ACME},1,0,sent,,{S1},2026-01-31")
    ended.set("organisations", 2, "billing_email", "new@acme.example")
    report = tmp_path.parent / "exceptions.csv"
    before = row_counts()
    status, out, err = imported(ended.write(), UPDATE, "--exceptions", str(report))
    assert (status, err) == (0, [])
    assert out == [
        "organisations.csv: 0 new, 1 changed, 1 unchanged, 0 exceptions",
        "members.csv: 0 new, 0 changed, 2 unchanged, 0 exceptions",
        "plans.csv: 0 new, 0 changed, 2 unchanged, 0 exceptions",
        "contracts.csv: 0 new, 0 changed, 2 unchanged, 0 exceptions",
        "subscriptions.csv: 0 new, 0 changed, 3 unchanged, 1 exceptions",
        "cycles.csv: 0 new, 0 changed, 2 unchanged, 2 exceptions",
        "numbers.csv: 0 new, 0 changed, 4 unchanged, 1 exceptions",
        "credit_notes.csv: 0 new, 0 changed, 3 unchanged, 1 exceptions",
    ]
    after = row_counts()
    assert {name for name in after if after[name] != before[name]} == {"audit_auditentry"}
    rows = list(csv.reader(report.read_text().splitlines()))
    assert rows[0] == ["file", "line", "key", "column", "was", "is", "why", "what_to_do"]
    assert [row[:6] for row in rows[1:]] == [
        ["subscriptions.csv", "2", S1, "terminated_on", "2026-06-10", ""],
        ["cycles.csv", "3", f"{S1} 2026-02-28", "paid", "20", "54.5"],
        ["cycles.csv", "5", f"{S1} 2026-03-31", "subscription_uuid", "", ""],
        ["numbers.csv", "6", f"+6531239999 {S1}", "subscription_uuid", "", ""],
        ["credit_notes.csv", "5", "TCN-9", "subscription_uuid", "", ""],
    ]
    assert all(row[6].startswith("the subscription ended here on 20") and row[7] for row in rows[1:])


def test_the_answer_as_json(again, imported):
    again.set("organisations", 2, "name", "Neue Firma")
    out = imported(again.write(), UPDATE, "--json", "--dry-run")[1]
    answer = json.loads("\n".join(out))
    assert answer["organisations.csv"] == {"new": 0, "changed": 1, "unchanged": 1, "exceptions": 0}
    assert Organisation.objects.get(uuid=ACME).name == "Acmé Ltd"
    assert json.loads("\n".join(imported(again.path, UPDATE, "--json")[1])) == answer


def test_a_file_of_exceptions_is_whole_or_not_there(again, imported, tmp_path):
    report = tmp_path.parent / "report" / "exceptions.csv"
    report.parent.mkdir()
    again.set("organisations", 3, "timezone", "Asia/Seoul")
    assert imported(again.write(), UPDATE, "--exceptions", str(report))[0] == 1
    assert list(report.parent.iterdir()) == []
    again.set("organisations", 3, "timezone", "Asia/Tokyo")
    assert imported(again.write(), UPDATE, "--exceptions", str(report))[0] == 0
    assert report.read_text() == "file,line,key,column,was,is,why,what_to_do\n"
    assert list(report.parent.iterdir()) == [report]


@pytest.mark.parametrize(
    "options", [("--exceptions", "x.csv"), (UPDATE, "--exceptions", ""), (UPDATE, "--exceptions", "/")]
)
def test_exceptions_that_cannot_be_written_are_refused(again, imported, options):
    with pytest.raises(CommandError) as refusal:
        imported(again.path, *options)
    assert refusal.value.returncode == 2


# ---- Files that are none, and the ends of files ---------------------------------------------------


def test_a_name_in_another_case_is_a_fault_of_that_file(directory, imported):
    path = directory.write()
    (path / "credit_notes.csv").rename(path / "Credit_Notes.CSV")
    (path / "notes\x1b[31m.txt").write_text("x")
    status, out, err = imported(path)
    assert (status, out) == (1, [])
    assert err == [
        "notes\\x1b[31m.txt is not a file of the import format and is left out.",
        "Credit_Notes.CSV:1: header: the name differs from credit_notes.csv in case alone, "
        "expected credit_notes.csv",
    ]


def test_empty_lines_at_the_end_are_skipped(directory, imported):
    path = directory.write()
    for file in path.glob("*.csv"):
        file.write_bytes(file.read_bytes() + b"\n\r\n\n")
    assert imported(path)[::2] == (0, [])


def test_empty_lines_between_rows_are_rows_without_fields(directory, imported):
    directory.files["plans"][2:2] = ["", ""]
    assert [line for line in imported(directory.write())[2] if "plans.csv" in line] == [
        f"plans.csv:{line}: row: 0 fields, expected the 5 of the header" for line in (3, 4)
    ]


@pytest.mark.parametrize(("mark", "name"), [(";", '";"'), ("\t", "a tab")])
def test_another_separator_is_one_fault(directory, imported, mark, name):
    directory.files["plans"] = [line.replace(",", mark) for line in directory.files["plans"]]
    assert imported(directory.write())[2] == [
        f"plans.csv:1: header: the columns are separated by {name}, expected commas: "
        "sku, product, name, currency, price_per_month"
    ]


def test_what_is_no_file_is_not_opened(directory, imported):
    path = directory.write()
    (path / "plans.csv").unlink()
    os.mkfifo(path / "plans.csv")
    (path / "members.csv").unlink()
    (path / "members.csv").mkdir()
    status, out, err = imported(path)
    assert (status, out) == (1, [])
    assert err[:2] == [
        f"{name}.csv:1: header: this is no file with rows, expected a CSV file" for name in ("members", "plans")
    ]


@pytest.mark.parametrize("given", ["", "no\x1bsuch"])
def test_a_directory_that_is_none_is_refused_with_a_sentence(imported, given):
    with pytest.raises(CommandError) as refusal:
        imported(given)
    assert str(refusal.value).isprintable()
