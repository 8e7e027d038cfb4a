"""Create a member of staff from the command line."""

import getpass
import sys
from typing import Any

from django.contrib.auth import password_validation
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal import operations
from portal.audit import operations as audit_operations
from portal.lib import usernames


class Command(BaseCommand):
    help = "Create a member of staff: an agent, billing staff, an auditor or a superuser."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--role", required=True, choices=operations.ROLES)
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="Read the password from the first line of standard input instead of asking twice.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        if fault := usernames.fault_of(username):
            raise CommandError(f"The username can't be used: {fault}")
        candidate = User(username=username)
        if User.objects.filter(username__iexact=username).exists():
            # Said before anybody types a password; the operation asks again.
            raise CommandError(f"There is somebody with the username “{username}” already.")
        password = _from_stdin() if options["password_stdin"] else _asked_twice()
        try:
            password_validation.validate_password(password, candidate)
        except ValidationError as error:
            raise CommandError("The password can't be used: " + " ".join(error.messages)) from error
        try:
            operations.create_staff(
                username=username,
                role=options["role"],
                password=password,
                by=audit_operations.SYSTEM,
                at=timezone.now(),
            )
        except operations.UsernameTaken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{username} was created with the role {options['role']}.")


def _from_stdin() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise CommandError("The password on standard input is not UTF-8.") from error
    password = line.removesuffix("\n").removesuffix("\r")
    if not password:
        raise CommandError("There is no password on standard input.")
    return password


def _asked_twice() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for the password: use --password-stdin.")
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("Password (again): ")
    except (KeyboardInterrupt, EOFError) as error:
        raise CommandError("Nobody was created.") from error
    if password != again:
        raise CommandError("The two passwords are not the same. Nobody was created.")
    return password
