"""Create a member of staff from the command line."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal import frame
from portal.staff import passwords, selectors
from portal.staff.operations import accounts


class Command(BaseCommand):
    help = "Create a member of staff: an agent, billing staff, an auditor or a superuser."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--role", required=True, choices=accounts.ROLES)
        passwords.add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        # Said before anybody types a password; the operation asks again.
        if fault := selectors.fault_of_username(username):
            raise CommandError(f"The username can't be used: {fault}")
        password = passwords.read(
            of=User(username=username),
            is_from_stdin=options["password_stdin"],
            nothing_done="Nobody was created.",
        )
        try:
            accounts.create_staff(
                username=username,
                role=options["role"],
                password=password,
                by=frame.SYSTEM,
                at=timezone.now(),
            )
        except accounts.UsernameTaken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{username} was created with the role {options['role']}.")
