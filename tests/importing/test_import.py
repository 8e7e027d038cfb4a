"""What an import writes, what it leaves alone, and what it prints when all is well."""

import csv
import datetime as dt
import hashlib
from decimal import Decimal as D

import pytest
from django.db import connection
from django.urls import reverse

from customers.models import CreditAccount, LedgerEntry, Member, Organisation, SearchKey
from invoicing.models import ChargeLine, CreditNote, CreditNoteLine, Invoice, NumberSeries, Payment
from portal.audit.models import AuditEntry
from subscriptions.models import ContractItem, Cycle, CycleCharge, PhoneNumber, Plan, Subscription, Termination
from tests.support import shown
from tests.support.directory import ACME, BETA, COUNTS, NOW, S1, S2, S3, S4, row_counts

pytestmark = pytest.mark.django_db


def test_a_directory_is_imported(directory, imported):
    assert imported(directory.write()) == (0, COUNTS, [])


def test_organisations(directory, imported):
    imported(directory.write())
    acme, beta = Organisation.objects.get(uuid=ACME), Organisation.objects.get(uuid=BETA)
    assert (acme.name, acme.status, acme.payment_mode, acme.currency) == ("Acmé Ltd", "active", "postpaid", "SGD")
    assert (acme.country, acme.timezone, acme.created_on) == ("SG", "Asia/Singapore", dt.date(2020, 1, 1))
    assert (acme.owner_email, acme.billing_email, acme.customer_reference) == (
        "o@acme.example",
        "b@acme.example",
        "A-1",
    )
    assert (beta.status, beta.payment_mode, beta.created_on, beta.owner_email) == ("active", "prepaid", None, "")
    account = CreditAccount.objects.get(organisation=acme)
    assert (account.balance, account.credit_limit, account.reserved) == (D("-86.10148"), 100, 0)
    entry = LedgerEntry.objects.get()
    assert (entry.account, entry.seq, entry.before, entry.amount, entry.after) == (
        account,
        1,
        0,
        D("-86.10148"),
        D("-86.10148"),
    )
    assert (entry.kind, entry.on, entry.at, entry.actor) == ("opening_balance", dt.date(2026, 3, 10), NOW, "import")
    assert CreditAccount.objects.get(organisation=beta).last_seq is None
    assert set(SearchKey.objects.filter(organisation=acme).values_list("kind", "text")) == {
        ("name", "acme ltd"),
        ("uuid", ACME),
        ("owner_email", "o@acme.example"),
        ("billing_email", "b@acme.example"),
        ("reference", "a-1"),
        ("number", "+6531234567"),
        ("number", "+6531234568"),
        ("number", "+6531234569"),
        ("member", "ann"),
        ("member", "bob"),
        ("member_email", "ann@acme.example"),
        ("member_email", "bob@acme.example"),
    }
    assert set(SearchKey.objects.filter(organisation=beta).values_list("kind", flat=True)) == {"name", "uuid"}
    assert list(Member.objects.order_by("name").values_list("name", "email", "role")) == [
        ("Ann", "ann@acme.example", "owner"),
        ("Bob", "bob@acme.example", "member"),
    ]


def test_subscriptions_keep_what_the_facts_say(directory, imported):
    imported(directory.write())
    found = {
        str(s.uuid): (s.status, s.started_on, s.expires_on, s.auto_renew, s.plan.sku)
        for s in Subscription.objects.select_related("plan")
    }
    assert found == {
        # Given as expired and active, but the facts of 10 March say otherwise. The anchor is day 31.
        S1: ("active", dt.date(2026, 1, 31), dt.date(2026, 3, 30), True, "SIP"),
        S2: ("expired", dt.date(2026, 2, 1), dt.date(2026, 2, 28), False, "FAX"),
        S3: ("terminated", dt.date(2025, 12, 1), dt.date(2026, 2, 28), False, "SIP"),
        S4: ("terminated", dt.date(2025, 12, 1), dt.date(2025, 12, 31), False, "SIP"),
    }
    item = ContractItem.objects.get()
    assert (item.contract.reference, str(item.subscription.uuid), item.freed_on) == ("CT-1", S1, None)
    assert Plan.objects.get(sku="SIP").price_per_month == 50


def test_a_terminated_subscription_ended_before_the_move(directory, imported):
    imported(directory.write())
    ended = Termination.objects.get(subscription__uuid=S3)
    assert (ended.case, ended.actor_kind, ended.actor, ended.explanation) == (
        "ended_before_move",
        "import",
        "import",
        "moved away",
    )
    assert (ended.terminated_on, ended.terminated_at, ended.settlement, ended.choice) == (
        dt.date(2026, 2, 20),
        NOW,
        "nothing_due",
        "none",
    )
    assert (ended.quote, ended.quote_id, ended.subscription.termination_ref) == (None, None, ended.pk)
    assert Termination.objects.get(subscription__uuid=S4).explanation == ""
    assert list(
        PhoneNumber.objects.order_by("number", "id").values_list(
            "number", "subscription__uuid", "is_ported_in", "status", "reserved_through"
        )
    ) == [
        ("+6531234567", Subscription.objects.get(uuid=S1).uuid, True, "in_use", None),
        ("+6531234567", Subscription.objects.get(uuid=S4).uuid, False, "free", None),
        ("+6531234568", ended.subscription.uuid, True, "reserved", dt.date(2026, 4, 17)),
        ("+6531234569", ended.subscription.uuid, False, "reserved", dt.date(2026, 3, 20)),
    ]


def test_imported_numbers_are_reserved_for_as_long_as_the_settings_say(directory, imported, configure):
    configure(number_reservation_days=40, number_reservation_days_ported_in=10)
    imported(directory.write())
    assert list(
        PhoneNumber.objects.exclude(status="in_use")
        .order_by("number", "id")
        .values_list("number", "reserved_through")
    ) == [
        ("+6531234567", None),
        ("+6531234568", None),  # through 2 March: over
        ("+6531234569", dt.date(2026, 4, 1)),
    ]


def test_what_ended_before_the_move_is_told_as_that(directory, imported, client_of):
    imported(directory.write())
    ended = Termination.objects.get(subscription__uuid=S3)
    read = shown.read(client_of("agent").get(reverse("subscriptions:termination", args=[ended.uuid])))
    assert read.said("What happened") == f"Subscription {S3} terminated. It ended before the move to this portal."
    assert read.terms(under="Who asked, and why")["Explanation"] == "moved away"
    assert read.tables == []


# It ended on 20 February, the import is of 10 March.
@pytest.mark.parametrize(("days", "found"), [(17, ("free", None)), (18, ("reserved", dt.date(2026, 3, 10)))])
def test_an_imported_number_is_free_the_day_after_its_last_one(directory, imported, configure, days, found):
    configure(number_reservation_days=days)
    imported(directory.write())
    number = PhoneNumber.objects.get(number="+6531234569")
    assert (number.status, number.reserved_through) == found


@pytest.mark.parametrize(("day", "status"), [(30, "active"), (31, "expired")])
def test_an_imported_subscription_is_active_through_its_last_day(directory, imported, day, status):
    imported(directory.write(), at=dt.datetime(2026, 3, day, 9, 0, tzinfo=dt.UTC))
    assert Subscription.objects.get(uuid=S1).status == status


def test_what_had_ended_is_freed_of_its_contract(directory, imported):
    directory.set("subscriptions", 4, "contract_reference", "CT-1")
    imported(directory.write())
    assert ContractItem.objects.get(subscription__uuid=S3).freed_on == dt.date(2026, 2, 20)


def test_cycles_are_charged_on_invoices(directory, imported):
    imported(directory.write())
    assert list(
        Cycle.objects.filter(subscription__uuid=S1).values_list(
            "first_day",
            "day_after",
            "months",
            "charges__first_day",
            "charges__day_after",
            "charges__is_external_invoice",
        )
    ) == [
        (dt.date(2026, 1, 31), dt.date(2026, 2, 28), 1, dt.date(2026, 1, 31), dt.date(2026, 2, 28), False),
        (dt.date(2026, 2, 28), dt.date(2026, 3, 31), 1, dt.date(2026, 2, 28), dt.date(2026, 3, 31), True),
    ]
    fields = ("number", "kind", "status", "issued_on", "charged", "paid", "series", "organisation__uuid")
    acme = Organisation.objects.get(uuid=ACME).uuid
    assert list(Invoice.objects.order_by("number").values_list(*fields)) == [
        ("TIN-1", "tax", "awaiting_payment", dt.date(2026, 1, 31), D("119"), D("64.5"), None, acme),
        ("TIN-2", "tax", "awaiting_payment", None, D("54.5"), D("20"), None, acme),
    ]
    lines = ChargeLine.objects.order_by("invoice__number", "id")
    assert list(lines.values_list("invoice__number", "kind", "description", "net", "tax", "paid", "noted")) == [
        ("TIN-1", "plan", "SIP monthly, 31 January 2026 to 27 February 2026", 50, D("4.5"), D("54.5"), D("27.25")),
        ("TIN-1", "activation_fee", "Activation fee", 10, 0, 10, 0),
        ("TIN-1", "plan", "SIP monthly, 1 February 2026 to 28 February 2026", 50, D("4.5"), 0, 0),
        ("TIN-2", "plan", "SIP monthly, 28 February 2026 to 30 March 2026", 50, D("4.5"), 20, D("21.8")),
    ]
    assert list(
        Payment.objects.order_by("invoice__number").values_list("amount", "method", "received_on", "actor")
    ) == [
        (D("64.5"), "imported", dt.date(2026, 1, 31), "import"),
        (20, "imported", dt.date(2026, 2, 28), "import"),
    ]


@pytest.mark.parametrize("join", ["hashjoin", "mergejoin", "nestloop"])
def test_charges_stand_in_the_order_of_the_file_whatever_the_plan(directory, imported, join):
    with connection.cursor() as cursor:
        for other in {"hashjoin", "mergejoin", "nestloop"} - {join}:
            cursor.execute(f"SET LOCAL enable_{other} = off")
    imported(directory.write())
    charges = CycleCharge.objects.order_by("line_id").values_list("cycle__subscription__uuid", "first_day")
    with (directory.path / "cycles.csv").open() as rows:
        assert [(str(uuid), str(day)) for uuid, day in charges] == [
            (row["subscription_uuid"], row["starts_on"]) for row in csv.DictReader(rows)
        ]


def test_no_imported_payment_lies_in_the_future(directory, imported):
    directory.set("cycles", 3, "invoice_issued_on", "2026-03-20")
    imported(directory.write())
    received = dict(Payment.objects.values_list("invoice__number", "received_on"))
    assert received == {"TIN-1": dt.date(2026, 1, 31), "TIN-2": dt.date(2026, 3, 10)}


def test_an_invoice_with_nothing_open_is_paid(directory, imported):
    directory.set("cycles", 3, "paid", "54.50")
    directory.set("cycles", 4, "net", "0")
    directory.set("cycles", 4, "tax", "0")
    imported(directory.write())
    assert list(Invoice.objects.values_list("status", flat=True)) == ["paid", "paid"]


def test_credit_notes(directory, imported):
    imported(directory.write())
    fields = (
        "number",
        "status",
        "total",
        "allocated",
        "allocated_outside",
        "invoice__number",
        "issued_on",
        "sent_at",
    )
    assert list(CreditNote.objects.order_by("number").values_list(*fields)) == [
        (
            "TCN-1",
            "sent",
            D("27.25"),
            0,
            0,
            "TIN-1",
            dt.date(2026, 2, 5),
            dt.datetime(2026, 2, 5, tzinfo=dt.UTC),
        ),
        ("TCN-2", "applied", D("21.8"), D("21.8"), D("21.8"), "TIN-2", None, NOW),
        ("TCN-3", "draft", 100, 0, 0, None, None, None),
    ]
    assert [
        (line.net, line.line.invoice.number if line.line else None)
        for line in CreditNoteLine.objects.order_by("credit_note__number")
    ] == [(25, "TIN-1"), (20, "TIN-2"), (100, None)]


def test_every_file_has_its_audit_entry(directory, imported):
    path = directory.write()
    imported(path)
    entries = AuditEntry.objects.order_by("id")
    sha = hashlib.sha256((path / "cycles.csv").read_bytes()).hexdigest()
    assert entries.count() == 8
    assert entries[5].description == f"cycles.csv: 3 new, 0 unchanged (SHA-256 {sha})."
    assert {(e.event, e.actor, e.at) for e in entries} == {("Imported", "import", NOW)}


def test_a_dry_run_writes_nothing(directory, imported):
    before = row_counts()
    assert imported(directory.write(), "--dry-run") == (0, COUNTS, [])
    assert row_counts() == before
    directory.set("plans", 2, "currency", "XXQ")
    status, out, err = imported(directory.write(), "--dry-run")
    assert (status, out, len(err)) == (1, [], 1)


def test_an_unused_series_starts_above_the_highest_imported_number_of_its_form(directory, imported):
    directory.set("cycles", 2, "invoice_number", "IN-0000275")
    directory.set("cycles", 3, "invoice_number", "IN-20260001")
    directory.set("credit_notes", 2, "number", "CN-0000012")
    imported(directory.write())
    firsts = dict(NumberSeries.objects.values_list("document", "first_number"))
    assert firsts == {"invoice": 276, "credit_note": 13}


def test_what_is_new_stands_in_the_search_indexes_not_beside_them(directory, imported):
    """A list beside an index is read by every search until somebody sorts it in."""
    imported(directory.write())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, gin_clean_pending_list(c.oid) FROM pg_class c JOIN pg_am a ON a.oid = c.relam
            WHERE a.amname = 'gin' AND c.relname LIKE 'search%' ORDER BY 1
            """
        )
        waiting = dict(cursor.fetchall())
    assert waiting == {"search_text_trigrams": 0, "search_text_words": 0, "search_word_trigrams": 0}


def test_a_used_series_is_not_overtaken(directory, imported):
    NumberSeries.objects.filter(document="invoice").update(last_number=7)
    directory.set("cycles", 3, "invoice_number", "IN-0000008")
    status, _, err = imported(directory.write())
    assert (status, len(err)) == (1, 1)
    assert err[0].startswith("cycles.csv:3: invoice_number: IN-0000008 is of the form of the portal's own series")


def test_a_later_note_names_the_charge_of_its_own_cycle(directory, imported):
    (note,) = (row for row in directory.files["credit_notes"] if row.startswith("TCN-2"))
    directory.files["credit_notes"].remove(note)
    imported(directory.write())
    directory.add("credit_notes", note)
    assert imported(directory.write())[2] == []
    assert CreditNoteLine.objects.get(line__invoice__number="TIN-2").credit_note.number == "TCN-2"
