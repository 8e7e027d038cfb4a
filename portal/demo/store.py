"""Write the demo: all its rows in one transaction, then its terminations by the portal's own operation."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import Model

from customers import policies
from customers.models import CreditAccount, LedgerEntry, Member, Organisation, SearchKey
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
from portal.demo import documents, endings, generate, ledger
from portal.demo.generate import Demo
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

PASSWORD = "demo"  # noqa: S105 - a demo's log-ins are printed, not kept
STAFF = ("agent", "billing", "auditor", "admin")
BATCH = 2000

# Referenced rows before those that refer to them.
ORDER: tuple[type[Model], ...] = (
    Organisation,
    Member,
    SearchKey,
    CreditAccount,
    LedgerEntry,
    Product,
    Plan,
    Subscription,
    AddOn,
    Contract,
    ContractItem,
    PhoneNumber,
    Assignment,
    HistoryEntry,
    Invoice,
    ChargeLine,
    Cycle,
    CycleCharge,
    Payment,
    PaymentLine,
    CreditNote,
    CreditNoteLine,
    CreditNoteAllocation,
)


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


def link(entries: list[LedgerEntry]) -> None:
    """Name the hash before each entry; accounts have their keys by now. *Shape*: by account, in their order.

    The table takes the accounts along to their last entries.
    """
    previous = None
    for entry in entries:
        if entry.seq == 1:
            previous = None
        entry.previous_sha256 = previous
        previous = policies.entry_sha256(
            account_id=entry.account.pk,
            seq=entry.seq,
            amount=entry.amount,
            currency=entry.currency,
            kind=entry.kind,
            cause_id=entry.cause_id,
            at_microseconds=policies.microseconds(entry.at),
            previous=previous,
        )


def write_customers(demo: Demo) -> int:
    """Write every row and give their number; the triggers keep the sums as they do for everybody."""
    book = demo.book
    series = {row.document: row for row in NumberSeries.objects.select_for_update().order_by("pk")}
    documents.number_documents(book, model=Invoice, series=series["invoice"])
    documents.number_documents(book, model=CreditNote, series=series["credit_note"])
    ledger.add_entries(book)
    # Lists show the newest first, by primary key.
    book.of(Subscription).sort(key=lambda row: row.started_on)
    book.of(Payment).sort(key=lambda row: row.created_at)
    book.of(HistoryEntry).sort(key=lambda row: row.at)
    left = set(book.rows) - set(ORDER)
    if left:
        raise AssertionError(f"nowhere to write {left}")
    for model in ORDER:
        if model is LedgerEntry:
            link(book.of(LedgerEntry))
        model._default_manager.bulk_create(book.rows[model], batch_size=BATCH)
    for row in series.values():
        row.save(update_fields=["last_number"])
    return sum(len(rows) for rows in book.rows.values())


def write_staff() -> None:
    """Create the people that may log in, one for each role, all with the same short password."""
    password = make_password(PASSWORD)
    for name in STAFF:
        is_admin = name == "admin"
        user = User.objects.create(username=name, password=password, is_staff=is_admin, is_superuser=is_admin)
        if not is_admin:
            user.groups.add(Group.objects.get(name=name))


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
            write_staff()
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
