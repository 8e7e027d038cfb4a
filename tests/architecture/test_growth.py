"""What is read grows with the rows written, also while PostgreSQL believes that its tables are empty.

It believes so after much was written and taken back, and it then makes plans that compare each row with each.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from customers.models import CreditAccount, LedgerEntry, Organisation, SearchKey
from invoicing import operations
from invoicing.models import (
    ChargeLine,
    ChargeRefund,
    ChargeWaiver,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteHold,
    CreditNoteLine,
    Invoice,
    Payment,
    PaymentLine,
)
from portal.importing.run import import_directory
from settings_app import selectors as settings_selectors
from subscriptions.models import Cycle, CycleCharge, Subscription
from subscriptions.selectors import reading
from subscriptions.termination.quote.quotes import Quote
from subscriptions.termination.selectors import quoting
from tests.support import factories

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)
TODAY = NOW.date()
TABLES = sorted(
    model._meta.db_table
    for model in apps.get_models()
    if model._meta.app_label in ("customers", "invoicing", "subscriptions")
)


def write_all_kinds(count: int) -> Iterator[str]:
    """Write so many rows of each kind that a trigger adds up, one statement a kind; name each kind when done."""
    organisations = Organisation.objects.bulk_create(
        Organisation(name=f"Organisation {number}", country="SG", currency="SGD", timezone="Asia/Singapore")
        for number in range(count)
    )
    SearchKey.objects.bulk_create(
        SearchKey(organisation=organisation, kind=kind, text=text)
        for organisation in organisations
        for kind, text in (("name", organisation.name.lower()), ("uuid", str(organisation.uuid)))
    )
    yield "search keys"
    accounts = CreditAccount.objects.bulk_create(
        CreditAccount(organisation=organisation, currency="SGD") for organisation in organisations
    )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account=account,
            seq=1,
            currency="SGD",
            before=0,
            amount=1,
            after=1,
            kind="opening_balance",
            at=NOW,
            on=TODAY,
            description="Opening balance",
            actor="test",
        )
        for account in accounts
    )
    yield "ledger entries"
    # Two by two, so that a note can name a charge of another invoice of its organisation.
    owners = [organisations[place - place % 2] for place in range(count)]
    invoices = Invoice.objects.bulk_create(
        Invoice(
            number=f"I-{uuid.uuid4()}",
            organisation=organisation,
            currency="SGD",
            status="awaiting_payment",
            issued_on=TODAY,
            created_at=NOW,
            charged=100,
        )
        for organisation in owners
    )
    lines = ChargeLine.objects.bulk_create(
        ChargeLine(invoice=invoice, currency="SGD", kind="plan", description="Plan", net=100, tax=0)
        for invoice in invoices
    )
    payments = Payment.objects.bulk_create(
        Payment(
            invoice=invoice,
            currency="SGD",
            amount=20,
            method="imported",
            received_on=TODAY,
            created_at=NOW,
            actor="test",
        )
        for invoice in invoices
    )
    PaymentLine.objects.bulk_create(
        PaymentLine(payment=payment, line=line, currency="SGD", amount=20)
        for payment, line in zip(payments, lines, strict=True)
    )
    yield "payments"
    ChargeWaiver.objects.bulk_create(
        ChargeWaiver(line=line, currency="SGD", amount=10, cause_id=uuid.uuid4()) for line in lines
    )
    yield "waivers"
    ChargeRefund.objects.bulk_create(
        ChargeRefund(line=line, currency="SGD", net=10, tax=0, cause_id=uuid.uuid4()) for line in lines
    )
    yield "refunds"
    notes = CreditNote.objects.bulk_create(
        CreditNote(
            number=f"N-{uuid.uuid4()}", organisation=organisation, currency="SGD", net=20, tax=0, created_at=NOW
        )
        for organisation in owners
    )
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(credit_note=note, line=line, currency="SGD", net=10, tax=0)
        for note, line in zip(notes, lines, strict=True)
    )
    yield "lines of drafts"
    drafts = CreditNote.objects.filter(pk__in=[note.pk for note in notes])
    drafts.update(status="sent", issued_on=TODAY, sent_at=NOW)
    yield "notes sent"
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(credit_note=note, line=line, currency="SGD", net=10, tax=0)
        for note, line in zip(notes, (lines[place ^ 1] for place in range(count)), strict=True)
    )
    yield "lines of sent notes"
    CreditNoteAllocation.objects.bulk_create(
        CreditNoteAllocation(credit_note=note, line=line, currency="SGD", amount=5, created_at=NOW, actor="test")
        for note, line in zip(notes, lines, strict=True)
    )
    yield "allocations"
    CreditNoteHold.objects.bulk_create(
        CreditNoteHold(credit_note=note, kind="taken_off", cause_id=uuid.uuid4()) for note in notes
    )
    yield "holds"


def rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0])


def read_by(count: int) -> dict[str, int]:
    """Write so many of each kind, and count the rows that were read for each."""
    read = {}
    before = rows_read()
    for kind in write_all_kinds(count):
        after = rows_read()
        read[kind] = after - before
        before = after
    return read


@pytest.fixture(scope="module", autouse=True)
def _as_new(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let nobody else find tables that are believed empty: that is not taken back with the rows."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"VACUUM {', '.join(TABLES)}")


@pytest.fixture
def _believed_empty() -> None:
    """Leave tables of which PostgreSQL believes that they are empty."""
    taken_back = transaction.savepoint()
    read_by(200)
    transaction.savepoint_rollback(taken_back)
    believe_what_is_there()


def believe_what_is_there() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")
        # As docs/operations.md advises, and as the embedded server has it.
        cursor.execute("SET LOCAL random_page_cost = 1.1")


@pytest.mark.usefixtures("_believed_empty")
def test_many_rows_are_not_compared_each_with_each():
    # What is kept of a first call was made for few rows.
    read_by(2)
    assert {kind: read for kind, read in read_by(100).items() if read > 20 * 100} == {}


@pytest.mark.usefixtures("_believed_empty")
def test_locks_of_one_charge_read_nothing_of_the_others():
    read_by(100)
    note = CreditNote.objects.latest("pk")
    line_ids = list(note.lines.values_list("line_id", flat=True))
    before = rows_read()
    operations.lock_invoices(line_ids)
    operations.lock_notes(naming=line_ids, number=note.number)
    assert rows_read() - before < 50


@pytest.mark.usefixtures("_believed_empty")
def test_candidates_of_one_subscription_compare_no_row_with_each():
    made = factories.subscription()
    read_by(100)
    charge_for_cycles(made)
    for number in range(3):
        factories.credit_note(made.organisation, net=str(10 + number), line=factories.charge_of(made))
    factories.credit_note(made.organisation, net="17")
    found = reading.find(made.uuid)
    before = rows_read()
    quote = quoting.quote_of(found, on=TODAY, config=settings_selectors.current_config())
    assert isinstance(quote, Quote)
    assert len(quote.notes) == 4
    # Whole tables at the most, never one of them for each row of another.
    assert rows_read() - before < 30 * 100


def charge_for_cycles(like: Subscription) -> None:
    """Let each charge that is there be one of a cycle, each of a subscription of its own."""
    lines = list(ChargeLine.objects.filter(cycle_charge=None))
    kept = {
        field: getattr(like, field) for field in ("organisation", "plan", "currency", "started_on", "expires_on")
    }
    subscriptions = Subscription.objects.bulk_create(Subscription(**kept) for _ in lines)
    days = {"first_day": like.started_on, "day_after": like.expires_on + dt.timedelta(days=1)}
    cycles = Cycle.objects.bulk_create(Cycle(subscription=made, months=1, **days) for made in subscriptions)
    CycleCharge.objects.bulk_create(
        CycleCharge(cycle=cycle, line=line, **days) for cycle, line in zip(cycles, lines, strict=True)
    )


def test_an_import_after_one_that_was_broken_off(tmp_path: Path):
    """Enough rows that PostgreSQL is told of them, and that it would be felt if it were not."""
    count = 4000
    write_import(tmp_path, count)
    for is_broken_off in (True, False):
        savepoint = transaction.savepoint()
        before = rows_read()
        import_directory(tmp_path, at=NOW)
        if is_broken_off:
            transaction.savepoint_rollback(savepoint)
            believe_what_is_there()
    assert rows_read() - before < 100 * count


def write_import(directory: Path, count: int) -> None:
    """Write customers with a subscription each, and a cycle that is paid."""
    organisations, subscriptions, cycles = (
        ["uuid,name,country,currency,timezone"],
        ["uuid,organisation_uuid,sku,status,started_on"],
        ["subscription_uuid,starts_on,months,net,tax,paid,invoice_number"],
    )
    for number in range(count):
        organisation, subscription = uuid.uuid4(), uuid.uuid4()
        organisations.append(f"{organisation},Customer {number},SG,SGD,UTC")
        subscriptions.append(f"{subscription},{organisation},SKU,active,2026-01-01")
        cycles.append(f"{subscription},2026-01-01,12,600,0,600,A-{number}")
    files = {
        "organisations": organisations,
        "plans": ["sku,product,name,currency,price_per_month", "SKU,SIP Trunk,Ten,SGD,50"],
        "subscriptions": subscriptions,
        "cycles": cycles,
    }
    for name, lines in files.items():
        (directory / f"{name}.csv").write_text("\n".join(lines) + "\n")
