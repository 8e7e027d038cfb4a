"""Django's createsuperuser, with the portal's rule for usernames and an audit entry."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError
from django.utils import timezone

from portal import frame
from portal.postgresql import diagnosis
from portal.staff import selectors, usernames
from portal.staff.operations import accounts

HINT = "./run create_staff NAME --role superuser does the same"


class Command(createsuperuser.Command):
    help = f"Create a superuser ({HINT})."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask and create, in one transaction with the audit entry."""
        if options["interactive"] and not self.stdin.isatty():
            raise CommandError(f"There is no terminal to ask: use --noinput; {HINT}, with --password-stdin.")
        self._username = ""
        taken = dict.fromkeys(usernames.TAKEN_BY, self._taken)
        try:
            with diagnosis.told_as(taken):
                accounts.create_superuser(
                    ask=lambda: self._ask(*args, **options), by=frame.SYSTEM, at=timezone.now()
                )
        except EOFError as error:
            raise CommandError("Nobody was created.") from error

    def _taken(self) -> CommandError:
        return CommandError(f"{selectors.taken(self._username)} Nobody was created.")

    def _ask(self, *args: Any, **options: Any) -> str:
        super().handle(*args, **options)
        return self._username

    def _validate_username(self, username: str, verbose_field_name: str, database: str) -> str | None:
        """Check a username. Django calls this for each way of giving one."""
        self._username = username
        return selectors.fault_of_username(username)
