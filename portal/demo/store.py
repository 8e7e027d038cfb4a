"""Write the demo: all its rows in one transaction, then its terminations by the portal's own operation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import ForeignKey, Model

from customers import writer as customers_writer
from customers.models import CreditAccount, Member, Organisation, SearchKey
from invoicing import writer as invoicing_writer
from invoicing.models import (
    ChargeLine,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteLine,
    Invoice,
    NumberSeries,
    Payment,
    PaymentLine,
)
from portal import frame
from portal.audit import operations as audit_operations
from portal.demo import documents, endings, generate, ledger, people
from portal.demo.generate import Demo
from portal.postgresql.writer import Writer, given, passed
from subscriptions import writer as subscriptions_writer
from subscriptions.models import (
    AddOn,
    Assignment,
    Contract,
    ContractItem,
    Cycle,
    CycleCharge,
    HistoryEntry,
    PhoneNumber,
    Plan,
    Product,
    Subscription,
)

BATCH = 2000

# Referenced rows before those that refer to them. Movements of Available Credits follow the accounts.
WRITERS: dict[type[Model], Writer] = {
    Organisation: customers_writer.ORGANISATIONS,
    Member: customers_writer.MEMBERS,
    SearchKey: customers_writer.SEARCH_KEYS,
    CreditAccount: customers_writer.ACCOUNTS,
    Product: subscriptions_writer.PRODUCTS,
    Plan: subscriptions_writer.PLANS,
    Subscription: subscriptions_writer.SUBSCRIPTIONS,
    AddOn: subscriptions_writer.ADD_ONS,
    Contract: subscriptions_writer.CONTRACTS,
    ContractItem: subscriptions_writer.CONTRACT_ITEMS,
    PhoneNumber: subscriptions_writer.PHONE_NUMBERS,
    Assignment: subscriptions_writer.ASSIGNMENTS,
    HistoryEntry: subscriptions_writer.HISTORY,
    Invoice: invoicing_writer.INVOICES,
    ChargeLine: invoicing_writer.CHARGE_LINES,
    Cycle: subscriptions_writer.CYCLES,
    CycleCharge: subscriptions_writer.CYCLE_CHARGES,
    Payment: invoicing_writer.PAYMENTS,
    PaymentLine: invoicing_writer.PAYMENT_LINES,
    CreditNote: invoicing_writer.CREDIT_NOTES,
    CreditNoteLine: invoicing_writer.CREDIT_NOTE_LINES,
    CreditNoteAllocation: invoicing_writer.ALLOCATIONS,
}


@dataclass(eq=False, kw_only=True)
class NotEmpty(frame.Refused):
    """There is somebody already: so many of the staff, so many customers."""

    code = "not_empty"

    staff: int
    customers: int


def wait_for_turn() -> None:
    """Let only one process at a time look whether a demo is needed; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('portal demo'))")


def tie(row: Model) -> None:
    """Give a row the keys of what it refers to, which is written by now."""
    for field in row._meta.concrete_fields:
        if isinstance(field, ForeignKey) and field.is_cached(row):
            setattr(row, field.name, getattr(row, field.name))


def write_customers(demo: Demo) -> int:
    """Write every row and give their number; the triggers keep the sums as they do for everybody."""
    book = demo.book
    series = {row.document: row for row in NumberSeries.objects.select_for_update().order_by("pk")}
    documents.number_documents(book, model=Invoice, series=series["invoice"])
    documents.number_documents(book, model=CreditNote, series=series["credit_note"])
    for account in book.accounts.values():
        book.add(account)
    # Lists show the newest first, by primary key.
    book.of(Subscription).sort(key=lambda row: row.started_on)
    book.of(Payment).sort(key=lambda row: row.created_at)
    book.of(HistoryEntry).sort(key=lambda row: row.at)
    left = book.rows.keys() - WRITERS.keys()
    if left:
        raise AssertionError(f"nowhere to write {left}")
    for model, writer in WRITERS.items():
        rows = book.rows[model]
        for row in rows:
            tie(row)
        for start in range(0, len(rows), BATCH):
            writer.add(rows[start : start + BATCH])
        if model is CreditAccount:
            moved = write_movements(ledger.movements(book))
    for row in series.values():
        row.save(update_fields=["last_number"])
    return moved + sum(len(rows) for rows in book.rows.values())


def write_movements(movements: list[dict[str, Any]]) -> int:
    """Write the entries that movements become, and count them. The table takes the accounts along."""
    statement = customers_writer.ENTRIES.over(customers_writer.in_turn(given(customers_writer.MOVEMENTS)))
    with connection.cursor() as cursor:
        for start in range(0, len(movements), BATCH):
            cursor.execute(statement, {"rows": passed(movements[start : start + BATCH])})
    return len(movements)


@dataclass(frozen=True)
class Written:
    """Hold what is there now."""

    staff: bool
    demo: Demo
    rows: int


def write(*, at: datetime, also_beside_staff: bool = False) -> Written:
    """Add the demo to a portal without staff and customers, in one transaction.

    A few subscriptions are then terminated, each in its own, by the operation that agents use.

    *Shape*: `also_beside_staff` adds the customers where there is staff; the demo's own then stays away, and always
    where there are real customers.

    *Raises* `NotEmpty`.
    """
    with frame.operation("demo"):
        wait_for_turn()
        staff, customers = User.objects.count(), Organisation.objects.count()
        if customers or (staff and not also_beside_staff):
            raise NotEmpty(staff=staff, customers=customers)
        if not staff:
            people.write()
        demo = generate.generate(at.date())
        rows = write_customers(demo)
        audit_operations.record(
            "demo.added",
            sentence=f"Demo data added: {'customers' if staff else 'staff and customers'}.",
            data={"staff": not staff},
            by=frame.SYSTEM,
            at=at,
        )
    endings.terminate_some(demo.book.endings, seed=generate.SEED, at=at)
    return Written(staff=not staff, demo=demo, rows=rows)
