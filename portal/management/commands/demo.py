"""Fill an empty portal with made-up staff and customers."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from customers.models import Organisation
from portal.demo import store


class Command(BaseCommand):
    help = (
        "Add demo staff where there is no staff, and demo customers where there is no organisation. "
        "The same every time, except that every date is relative to today."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="also in a database of your own (DATABASE_URL)")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        if os.environ.get("DATABASE_URL") and not force:
            raise CommandError(
                "DATABASE_URL names a database of your own, and demo data is hard to get out again: "
                "nothing was added. Say --force if it is meant for it."
            )
        now = timezone.now()
        try:
            written = store.write(at=now)
        except store.NothingMissing:
            raise CommandError(
                f"There are {Organisation.objects.count()} organisations and there is staff already: "
                "nothing was added. Demo data goes only into an empty portal."
            ) from None
        if written.demo:
            self.stdout.write(f"{written.rows} rows of demo data, for example:")
            for story in written.demo.stories:
                self.stdout.write(f"  {story.name}: {story.sentence}")
        if written.staff:
            self.stdout.write(
                f"Log in as {', '.join(store.STAFF[:-1])} or {store.STAFF[-1]}; the password is {store.PASSWORD}."
            )
