"""Count the tries of passwords, each before the password is looked at; tell the audit of them; lift locks."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Case, F, QuerySet, Sum, When

from portal import frame
from portal.audit import operations as audit_operations
from portal.audit import selectors as audit_selectors
from portal.lib import proxies
from portal.staff import policies, selectors


def count_try(*, count: policies.Count, path: str, since: datetime, at: datetime) -> str | None:
    """Count a try as failed, or say which count is full; who gets in has it forgotten.

    Tries of one place or device are counted one after the other, so of many at the same moment no more passwords
    are looked at than of as many in a row.
    *Shape*: `since` is when counts begin. The refusal is one of `policies.REFUSALS`.
    """
    with frame.operation("log_in"):
        with connection.cursor() as cursor:
            whose = f"{count.name} on {count.device}" if count.device else count.place
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"log-in: {whose}"])
        refusal = selectors.full_count(count=count, since=since, at=at)
        if refusal is None:
            mine = AccessAttempt.objects.filter(
                username=count.name, ip_address=count.place, user_agent=count.device
            )
            is_running = When(attempt_time__gte=since, then=F("failures_since_start") + 1)
            if not mine.update(failures_since_start=Case(is_running, default=1), attempt_time=at, path_info=path):
                AccessAttempt.objects.create(
                    username=count.name,
                    ip_address=count.place,
                    user_agent=count.device,
                    path_info=path,
                    attempt_time=at,
                    failures_since_start=1,
                )
    return refusal


def lift_locks(*, attempts: QuerySet[AccessAttempt], of: str, by: frame.Actor, at: datetime) -> int:
    """Forget failed log-ins, on the command line. *Shape*: how many rows there were."""
    with frame.operation("lift_locks"):
        failures = attempts.aggregate(failures=Sum("failures_since_start"))["failures"]
        count, _ = attempts.delete()
        if count:
            note_lifted_locks(of=of, failures=failures, by=by, at=at)
    return count


def note_lifted_locks(*, of: str, failures: int, by: frame.Actor, at: datetime) -> None:
    """Write to the audit that failures are forgotten, in the transaction that forgets them."""
    audit_operations.record(
        "log_in.lock_lifted",
        sentence=f"Failed log-ins that are forgotten: {failures:,} {of}.",
        data={"failures": failures},
        by=by,
        at=at,
    )


REFUSALS_ARE_TOLD_ONCE_IN = timedelta(minutes=1)


def note_log_in(*, user: User, address: str, at: datetime) -> None:
    """Write to the audit that somebody logged in."""
    with frame.operation("log_in"):
        audit_operations.record(
            "log_in.done",
            sentence=f"{user.get_username()} logged in from {address}.",
            data={"username": user.get_username(), "address": address},
            by=frame.Actor.of(user),
            at=at,
        )


def note_failed_log_in(*, name: str, address: str, refusal: str | None, at: datetime) -> None:
    """Write to the audit that somebody tried, with the name that was typed.

    Refusals of one place for one reason are told once in a minute, with the name of the first: who goes on trying,
    with any names, must not fill the audit, which nobody can empty.
    *Shape*: `refusal` is one of `policies.REFUSALS` where the password was not looked at.
    """
    kind, where = "log_in.failed", f"from {address} failed: the username or the password is wrong."
    with frame.operation("log_in"):
        if refusal is not None:
            kind = "log_in.refused"
            where = f"from {proxies.network_of(address)} was refused: {policies.REFUSALS[refusal]}."
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"log-in refused: {where}"])
            if audit_selectors.is_told(kind=kind, ending=f"” {where}", since=at - REFUSALS_ARE_TOLD_ONCE_IN):
                return
        audit_operations.record(
            kind,
            sentence=f"A log-in as “{_printable(name)}” {where}",
            data={"username": _printable(name), "address": address},
            by=frame.SYSTEM,
            at=at,
        )


def _printable(name: str) -> str:
    """Keep what could be a username; the rest may be a line break, or a page of text."""
    kept = "".join(sign if sign.isprintable() else "�" for sign in name)
    return kept if len(kept) <= 150 else f"{kept[:149]}…"
