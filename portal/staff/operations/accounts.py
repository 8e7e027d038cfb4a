"""Create the staff who log in, and note each time that somebody tries to."""

from collections.abc import Callable
from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, connection
from django.db.models import QuerySet, Sum

from portal.audit import names
from portal.audit import operations as audit_operations
from portal.audit import selectors as audit_selectors
from portal.lib import proxies
from portal.staff import policies, roles, selectors

SUPERUSER = "superuser"
ROLES = (*roles.ROLES, SUPERUSER)


class UsernameTaken(Exception):
    """Say that somebody has this username already, perhaps written in another case."""

    def __init__(self, username: str) -> None:
        self.username = username
        super().__init__(selectors.taken(username))


def create_staff(*, username: str, role: str, password: str, by: audit_operations.Actor, at: datetime) -> User:
    """Create a member of staff in a role. The password is taken as it is: the caller has validated it.

    *Raises*: UsernameTaken.
    """
    try:
        with audit_operations.operation("create_staff"):
            there = selectors.named(username)
            if there is not None:
                raise UsernameTaken(there.username)
            is_superuser = role == SUPERUSER
            user = User.objects.create_user(
                username, password=password, is_superuser=is_superuser, is_staff=is_superuser
            )
            if not is_superuser:
                user.groups.add(Group.objects.get(name=role))
            _note_created(username=username, role=role, by=by, at=at)
    except IntegrityError as error:
        raise UsernameTaken(username) from error
    return user


def create_superuser(*, ask: Callable[[], str], by: audit_operations.Actor, at: datetime) -> None:
    """Let a command of Django's create a superuser, together with the entry in the audit.

    *Shape*: `ask` creates somebody and gives their username. *Raises*: IntegrityError, what `ask` raises.
    """
    with audit_operations.operation("create_staff"):
        _note_created(username=ask(), role=SUPERUSER, by=by, at=at)


def _note_created(*, username: str, role: str, by: audit_operations.Actor, at: datetime) -> None:
    label = "Superuser" if role == SUPERUSER else roles.LABELS[role]
    audit_operations.record(
        app=names.PORTAL,
        event="Staff created",
        description=f"{username} was created with the role {label}.",
        by=by,
        at=at,
    )


def change_password(*, user: User, password: str, address: str, at: datetime) -> None:
    """Give somebody the password they chose. The caller has validated it, and that they know the present one."""
    with audit_operations.operation("change_password"):
        _write_password(user, password)
        told = f"changed their own password, from {address}"
        note_password(user=user, told=told, by=audit_operations.Actor.of(user), at=at)


def give_password(*, user: User, password: str, by: audit_operations.Actor, at: datetime) -> None:
    """Give somebody another password, on the command line. The caller has validated it."""
    with audit_operations.operation("give_password"):
        _write_password(user, password)
        note_password(user=user, told="was given another password on the command line", by=by, at=at)


def _write_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def note_password(*, user: User, told: str, by: audit_operations.Actor, at: datetime) -> None:
    """Write to the audit that a password changed, in the transaction that changes it."""
    audit_operations.record(
        app=names.PORTAL,
        event="Password changed",
        description=f"{user.get_username()} {told}.",
        by=by,
        at=at,
    )


def lift_locks(*, attempts: QuerySet[AccessAttempt], of: str, by: audit_operations.Actor, at: datetime) -> int:
    """Forget failed log-ins, on the command line. *Shape*: how many rows there were."""
    with audit_operations.operation("lift_locks"):
        failures = attempts.aggregate(failures=Sum("failures_since_start"))["failures"]
        count, _ = attempts.delete()
        if count:
            note_lifted_locks(of=of, failures=failures, by=by, at=at)
    return count


def note_lifted_locks(*, of: str, failures: int, by: audit_operations.Actor, at: datetime) -> None:
    """Write to the audit that failures are forgotten, in the transaction that forgets them."""
    audit_operations.record(
        app=names.PORTAL,
        event="Log-in lock lifted",
        description=f"Failed log-ins that are forgotten: {failures:,} {of}.",
        by=by,
        at=at,
    )


REFUSALS_ARE_TOLD_ONCE_IN = timedelta(minutes=1)


def note_log_in(*, user: User, address: str, at: datetime) -> None:
    """Write to the audit that somebody logged in."""
    with audit_operations.operation("log_in"):
        audit_operations.record(
            app=names.PORTAL,
            event="Logged in",
            description=f"{user.get_username()} logged in from {address}.",
            by=audit_operations.Actor.of(user),
            at=at,
        )


def note_failed_log_in(*, name: str, address: str, refusal: str | None, at: datetime) -> None:
    """Write to the audit that somebody tried, with the name that was typed.

    Refusals of one place for one reason are told once in a minute, with the name of the first: who goes on trying,
    with any names, must not fill the audit, which nobody can empty.
    *Shape*: `refusal` is one of `policies.REFUSALS` where the password was not looked at.
    """
    event, where = "Log-in failed", f"from {address} failed: the username or the password is wrong."
    with audit_operations.operation("log_in"):
        if refusal is not None:
            event = "Log-in refused"
            where = f"from {proxies.network_of(address)} was refused: {policies.REFUSALS[refusal]}."
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"log-in refused: {where}"])
            if audit_selectors.is_told(event=event, ending=f"” {where}", since=at - REFUSALS_ARE_TOLD_ONCE_IN):
                return
        audit_operations.record(
            app=names.PORTAL,
            event=event,
            description=f"A log-in as “{_printable(name)}” {where}",
            by=audit_operations.SYSTEM,
            at=at,
        )


def _printable(name: str) -> str:
    """Keep what could be a username; the rest may be a line break, or a page of text."""
    kept = "".join(sign if sign.isprintable() else "�" for sign in name)
    return kept if len(kept) <= 150 else f"{kept[:149]}…"
