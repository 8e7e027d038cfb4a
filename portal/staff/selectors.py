"""Read who there is, and what is counted of failed log-ins."""

from dataclasses import dataclass
from datetime import datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Max, Q, Sum

from portal.staff import policies, usernames


def named(username: str) -> User | None:
    """Find somebody by username, whatever its case.

    All usernames are ASCII. The database's upper case also has ASCII for other letters (ı, ſ): these find nobody.
    """
    return User.objects.filter(username__iexact=username).first() if username.isascii() else None


def fault_of_username(username: str, *, of: User | None = None) -> str | None:
    """Say why nobody can be called that, or nobody else than the one whose it is; None where somebody can."""
    if fault := usernames.fault_of(username):
        return fault
    there = named(username)
    if there is None or there == of:
        return None
    return taken(there.username)


def taken(username: str) -> str:
    """Say that somebody has a username."""
    return f"There is somebody with the username “{username}” already."


@dataclass(frozen=True)
class FilterRow:
    """Hold a saved filter. *Shape*: `by` is the username of whose it is."""

    pk: int
    name: str
    query: str
    user_id: int
    by: str


# As SQL, for each list asks: composing the query anew takes longer than its answer.
_SAVED = """
SELECT f.id, f.name, f.query, f.user_id, u.username FROM staff_savedfilter f JOIN auth_user u ON u.id = f.user_id
WHERE f.address = %s AND (f.user_id = %s OR f.is_shared AND u.is_active) ORDER BY f.name, f.id
"""


def saved_filters(*, user: User, address: str) -> list[FilterRow]:
    """Find the filters of a list that are somebody's own or shared by those who are still there. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SAVED, [address, user.pk])
        return [FilterRow(*row) for row in cursor.fetchall()]


def full_count(*, count: policies.Count, since: datetime, at: datetime) -> str | None:
    """Say which count is full, as `policies.REFUSALS` names it, or None."""
    if count.device:
        mine = AccessAttempt.objects.filter(username=count.name, user_agent=count.device, attempt_time__gte=since)
        found = mine.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        is_full = (found["failures"] or 0) >= settings.AXES_FAILURE_LIMIT
        return policies.SLOWED if is_full and at - found["last"] < policies.PAUSE else None
    of_name = Sum("failures_since_start", filter=Q(username=count.name))
    found = AccessAttempt.objects.filter(ip_address=count.place, user_agent="", attempt_time__gte=since).aggregate(
        name=of_name, address=Sum("failures_since_start")
    )
    if (found["name"] or 0) >= settings.AXES_FAILURE_LIMIT:
        return policies.LOCKED
    return policies.ADDRESS if (found["address"] or 0) >= settings.FAILURES_OF_AN_ADDRESS else None
