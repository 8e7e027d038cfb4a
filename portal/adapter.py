"""Staff are created by superusers and `create_staff`; nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth, for staff only."""

    # One sentence for an unknown, an inactive and a mistaken user: it tells nobody which usernames exist.
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "The username or the password is wrong.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up: there is none."""
        return False
