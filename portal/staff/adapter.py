"""Staff are created by superusers and `create_staff`; nobody signs up. Each try to log in is in the audit."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.staff import logins
from portal.staff.operations import log_ins


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """allauth, for staff only."""

    # One sentence for an unknown, an inactive and a mistaken user: it tells nobody which usernames exist.
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "The username or the password is wrong.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up: there is none."""
        return False

    def authentication_failed(self, request: logins.Try, **credentials: Any) -> None:
        """Note a try that failed, and one that was refused."""
        log_ins.note_failed_log_in(
            name=str(credentials.get("username", "")),
            address=logins.address_of(request),
            refusal=request.refusal if getattr(request, "is_refused_unexamined", False) else None,
            at=timezone.now(),
        )

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse:
        """Note who is in, and from where; and know the device the next time."""
        response: HttpResponse = super().post_login(request, user, **more)
        log_ins.note_log_in(user=user, address=logins.address_of(request), at=timezone.now())
        logins.remember_device(request=request, response=response, username=user.get_username())
        return response
