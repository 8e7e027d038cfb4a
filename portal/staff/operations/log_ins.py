"""Count the tries of passwords: each is counted before the password is looked at."""

from datetime import datetime

from axes.models import AccessAttempt
from django.db import connection
from django.db.models import Case, F, When

from portal.audit import operations as audit_operations
from portal.staff import policies, selectors


def count_try(*, count: policies.Count, path: str, since: datetime, at: datetime) -> str | None:
    """Count a try as failed, or say which count is full; who gets in has it forgotten.

    Tries of one place or device are counted one after the other, so of many at the same moment no more passwords
    are looked at than of as many in a row.
    *Shape*: `since` is when counts begin. The refusal is one of `policies.REFUSALS`.
    """
    with audit_operations.operation("log_in"):
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
