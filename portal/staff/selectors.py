"""Read who there is, and what is counted of failed log-ins."""

from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max, Q, QuerySet, Sum

from portal.staff import policies, usernames
from portal.staff.models import SavedFilter


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


def saved_filters(*, user: User, address: str) -> QuerySet[SavedFilter, Any]:
    """Find the filters of a list that are somebody's own or shared by those who are still there. One query.

    *Shape*: pk, name, query, user_id and user__username of each.
    """
    shared = Q(is_shared=True, user__is_active=True)
    found = SavedFilter.objects.filter(Q(user=user) | shared, address=address)
    rows = found.values_list("pk", "name", "query", "user_id", "user__username", named=True)
    return rows.order_by("name", "pk")


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
