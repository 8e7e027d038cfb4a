"""Give somebody another password from the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal import frame
from portal.staff import passwords, selectors
from portal.staff.operations import accounts


class Command(BaseCommand):
    """Stands in the place of Django's, which writes all of somebody anew and tells nobody."""

    help = "Give a member of staff another password; all their sessions end."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        passwords.add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = selectors.named(options["username"])
        if user is None:
            raise CommandError(f"There is nobody with the username “{options['username']}”.")
        password = passwords.read(
            of=user, is_from_stdin=options["password_stdin"], nothing_done="The password is what it was."
        )
        accounts.give_password(user=user, password=password, by=frame.SYSTEM, at=timezone.now())
        self.stdout.write(f"{user.username} has another password, and is logged out everywhere.")
