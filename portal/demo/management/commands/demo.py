"""Fill an empty portal with made-up staff and customers, and empty it of them again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from portal import frame
from portal.demo import people, removal, store
from portal.lib import environment, production
from portal.lib import text as text_lib


class Command(BaseCommand):
    help = (
        "Add demo staff and demo customers to a portal that has neither. "
        "The same every time, except that every date is relative to today."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument(
            "--force",
            action="store_true",
            help="also where something says production (DATABASE_URL, SECURE, ALLOWED_HOSTS, HOST); beside staff "
            "of your own come the demo's customers alone",
        )
        way.add_argument(
            "--remove",
            action="store_true",
            help="empty a portal that has no other customers than the demo's; its settings and other staff stay",
        )

    def handle(self, *args: Any, force: bool, remove: bool, **options: Any) -> None:
        if remove:
            self._remove()
        else:
            self._add(is_forced=force)

    def _add(self, *, is_forced: bool) -> None:
        try:
            signs = production.signs()
        except environment.Unclear as unclear:
            raise CommandError(str(unclear)) from None
        if signs and not is_forced:
            raise CommandError(
                f"This may be production ({'; '.join(signs)}), and everybody knows the demo's password: nothing "
                "was added. Say --force if the demo is meant for it; --remove takes it out again, as long as "
                "no other customer is there."
            )
        try:
            written = store.write(at=timezone.now(), also_beside_staff=is_forced)
        except store.NotEmpty as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{written.rows} rows of demo data, for example:")
        for story in written.demo.stories:
            self.stdout.write(f"  {story.name}: {story.sentence}")
        if written.staff:
            *others, last = people.NAMES
            self.stdout.write(f"Log in as {', '.join(others)} or {last}; the password is {people.PASSWORD}.")

    def _remove(self) -> None:
        try:
            removed = removal.remove(at=timezone.now())
        except frame.Refused as refusal:
            raise CommandError(str(refusal)) from None
        except OperationalError as error:
            raise CommandError(
                f"The portal is in use, and nothing was removed ({text_lib.first_line(error)}): end the server and "
                "other commands first."
            ) from None
        self.stdout.write(removed.sentence())
        self.stdout.write(
            "Next comes somebody of your own: ./run create_staff NAME --role superuser. Where there is nobody, and "
            "nothing says production, ./run makes the demo again."
        )
