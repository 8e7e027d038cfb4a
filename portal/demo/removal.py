"""Take the demo out again: empty a portal in which every customer is one of the demo.

Terminations, ledger and audit can't be deleted, for good reason; a table can be emptied as a whole by whoever owns
it. So all of it goes at once, or nothing. The settings stay, and so does whoever is not of the demo.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import ProtectedError, Q

from customers.models import Organisation
from invoicing.models import NumberSeries
from portal import frame
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.audit.models import AuditEntry
from portal.demo import marks, people

LONGEST_WAIT = "10s"
# The series stay and begin anew. An open mark belongs to a transaction that has not ended.
_TABLES = """
    SELECT relname, has_table_privilege(oid, 'TRUNCATE') FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
      AND relname ~ '^(customers|invoicing|subscriptions|jobs|outbox|audit|frame)_'
      AND relname NOT IN ('invoicing_numberseries', 'audit_openmark')
    ORDER BY relname
"""


@dataclass(eq=False)
class OtherCustomers(frame.Refused):
    """There are so many customers that are not the demo's.

    *Shape*: `may_be_old_demo` where there are none but those, and the demo's staff.
    """

    code = "other_customers"

    count: int
    may_be_old_demo: bool


class NothingToRemove(frame.Refused):
    """There are neither customers nor staff of the demo."""

    code = "nothing_to_remove"


class NotTheOwner(frame.Refused):
    """The role of this connection may not empty the tables."""

    code = "not_the_owner"


@dataclass(frozen=True, kw_only=True)
class Removed:
    """Hold what was there and is not any more. *Shape*: `locked` can't log in, but something kept names them."""

    customers: int
    deleted: tuple[str, ...]
    locked: tuple[str, ...]

    def sentence(self) -> str:
        """Tell it, for the audit and for whoever asked."""
        said = [f"{self.customers:,} demo customers with all that belongs to them"] if self.customers else []
        if self.deleted:
            said.append(f"the demo's staff {', '.join(self.deleted)}")
        told = [f"Removed: {' and '.join(said)}."] if said else []
        if self.locked:
            told.append(
                f"Kept because something else names them, but can't log in any more: {', '.join(self.locked)}."
            )
        return " ".join(told)


def remove(*, at: datetime) -> Removed:
    """Empty the tables, delete the demo's staff, and begin the number series anew, in one transaction.

    *Raises*: OtherCustomers, NothingToRemove, NotTheOwner; OperationalError where the portal is too busy.
    """
    staff = people.that_can_log_in()
    # Asked without a lock first: who has real customers is not to be kept waiting.
    _count_customers(staff)
    with frame.operation("remove_demo"):
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)
            found = cursor.fetchall()
            if not all(may for _, may in found):
                raise NotTheOwner
            tables = ", ".join(connection.ops.quote_name(name) for name, _ in found)
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LONGEST_WAIT])
            cursor.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
            customers = _count_customers(staff)
            if not customers and not staff:
                raise NothingToRemove
            if customers:
                # What the audit tells of settings and staff stays true; with it stay their hashes.
                told = Q(app__in=(names.PORTAL, names.PORTAL_SETTINGS), organisation_uuid=None)
                kept = list(AuditEntry.objects.filter(told).order_by("pk"))
                # Before anything is written: what a transaction has written can't be emptied by it.
                cursor.execute(f"TRUNCATE {tables}")
                AuditEntry.objects.bulk_create(kept)
                NumberSeries.objects.update(last_number=0, first_number=1)
        deleted, locked = _end_staff(staff)
        removed = Removed(customers=customers, deleted=deleted, locked=locked)
        audit_operations.record(
            "demo.removed",
            sentence=removed.sentence(),
            data={"customers": removed.customers, "deleted": removed.deleted, "locked": removed.locked},
            by=frame.SYSTEM,
            at=at,
        )
    return removed


def _count_customers(staff: list[str]) -> int:
    uuids = Organisation.objects.values_list("uuid", flat=True)
    others = sum(not marks.is_marked(found) for found in uuids)
    if others:
        raise OtherCustomers(others, may_be_old_demo=others == len(uuids) and bool(staff))
    return len(uuids)


def _end_staff(staff: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    deleted, locked = [], []
    for user in User.objects.filter(username__in=staff).order_by("pk"):
        try:
            user.delete()
            deleted.append(user.username)
        except ProtectedError:  # settings or the audit name them
            user.is_active = False
            user.password = make_password(None)
            user.save(update_fields=["is_active", "password"])
            locked.append(user.username)
    return tuple(deleted), tuple(locked)
