"""Staff are created by superusers and `create_staff`; nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth, for staff only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up: there is none."""
        return False
