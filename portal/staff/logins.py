"""Who may try a password: django-axes counts failures, and this says whose count is full.

What is locked is a name at an address. An address is locked for every name after many failures over all names. A
device from which the name has logged in before is known by a signed cookie, has a count of its own and is never
locked, only slowed: so nobody who fails on purpose locks out those who work at the same address.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.core import signing
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal import frame
from portal.lib import proxies
from portal.staff import policies, selectors
from portal.staff.operations import log_ins

COOKIE = "known_device"
KNOWN_FOR = timedelta(days=180)
NAMES_OF_A_DEVICE = 8
NAME_LENGTH = 150
PATH_LENGTH = 255


class Try(HttpRequest):
    """A request that tries a password: what axes notes on it, and what `Handler` does."""

    axes_attempt_time: datetime
    axes_credentials: dict[str, Any]
    axes_ip_address: str | None
    axes_locked_out: bool
    axes_path_info: str
    refusal: str | None
    is_refused_unexamined: bool


def address_of(request: HttpRequest) -> str:
    """Name the client's address, past the proxies of the settings."""
    return proxies.client_of(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=settings.TRUSTED_PROXIES,
    )


def place_of(request: HttpRequest) -> str | None:
    """Name what failures are counted for; called by axes. None where the server tells no address."""
    return proxies.place_of(address_of(request)) or None


def name_of(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Name who is tried, whatever the case; called by axes."""
    typed = (credentials or {}).get("username") or request.POST.get("login") or ""
    return _counted(str(typed))


def _counted(username: str) -> str:
    return username.replace("\0", "").strip().casefold()[:NAME_LENGTH]


def refused(request: Try, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """Answer in place of the log-in; called by axes."""
    refusal = request.refusal
    wait = policies.PAUSE if refusal == policies.SLOWED else timedelta(hours=settings.AXES_COOLOFF_TIME)
    context = {
        "refusal": refusal,
        "failures": settings.FAILURES_OF_AN_ADDRESS if refusal == policies.ADDRESS else settings.AXES_FAILURE_LIMIT,
    }
    answer = render(request, "account/locked_out.html", context, status=429)
    answer["Retry-After"] = str(int(wait.total_seconds()))
    return answer


def remember_device(*, request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Let the device that asked be known for this name from now on."""
    known = _known(request)
    name = username.casefold()
    names = {name: known.pop(name, None) or secrets.token_urlsafe(12), **known}
    response.set_cookie(
        COOKIE,
        signing.dumps(dict(list(names.items())[:NAMES_OF_A_DEVICE]), salt=COOKIE),
        max_age=KNOWN_FOR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def forget(*, request: HttpRequest, username: str) -> None:
    """Forget the failures of somebody who knew the password without logging in."""
    if settings.AXES_ENABLED:
        handler = AxesProxyHandler.get_implementation()
        handler.reset_user_attempts(request, {"username": username})


def _known(request: HttpRequest) -> dict[str, str]:
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return {}
    return kept if isinstance(kept, dict) else {}


class Handler(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Count in axes' table: one row for a name at an address, one for a name on a known device.

    axes itself counts once a password was wrong. By then many others may be looked at that were sent at the same
    time; and it keeps all that is sent with each of them.
    """

    def is_locked(self, request: Try, credentials: dict[str, Any] | None = None) -> bool:
        """Say whether the password is not even looked at; else it counts as a failure until it proves right."""
        request.refusal = log_ins.count_try(
            count=self._count(request, credentials),
            path=request.axes_path_info[:PATH_LENGTH],
            since=get_cool_off_threshold(request),
            at=request.axes_attempt_time,
        )
        request.is_refused_unexamined = request.refusal is not None
        return bool(request.is_refused_unexamined)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Try | None = None, **more: Any
    ) -> None:
        """Lock where this failure was the last one; it is counted already."""
        if request is None:
            return
        self.clean_expired_user_attempts(request, credentials)
        request.axes_credentials = credentials
        if not request.axes_locked_out:
            request.refusal = selectors.full_count(
                count=self._count(request, credentials),
                since=get_cool_off_threshold(request),
                at=request.axes_attempt_time,
            )
            request.axes_locked_out = request.refusal is not None

    def filter_user_attempts(self, request: Try, credentials: dict[str, Any] | None = None) -> list[QuerySet[Any]]:
        """Find what a success forgets: the count it belongs to."""
        device = self._device(request, credentials)
        mine = AccessAttempt.objects.filter(username=name_of(request, credentials), user_agent=device)
        return [mine if device else mine.filter(ip_address=request.axes_ip_address)]

    def reset_attempts(
        self, *, ip_address: str | None = None, username: str | None = None, ip_or_username: bool = False
    ) -> int:
        """Lift locks from the command line, however a name or an address is written; the audit tells it."""
        mine = Q()
        if username:
            mine = Q(username=_counted(username))
        if ip_address:
            there = Q(ip_address=proxies.place_of(ip_address))
            mine = mine | there if ip_or_username and username else mine & there
        which = [f"of “{username}”"] if username else []
        which += [f"from {ip_address}"] if ip_address else []
        return log_ins.lift_locks(
            attempts=AccessAttempt.objects.filter(mine),
            of=" ".join(which) or "in all",
            by=frame.SYSTEM,
            at=timezone.now(),
        )

    def _count(self, request: Try, credentials: dict[str, Any] | None) -> policies.Count:
        return policies.Count(
            name=name_of(request, credentials),
            place=request.axes_ip_address,
            device=self._device(request, credentials),
        )

    def _device(self, request: Try, credentials: dict[str, Any] | None) -> str:
        known = _known(request).get(name_of(request, credentials))
        return f"device {known}" if known else ""
