"""The name of before for `deliver --once`, which is in many a schedule."""

from __future__ import annotations

from django.core.management.base import CommandParser

from portal.outbox.management.commands import deliver


class Command(deliver.Command):
    help = "Send the notifications that are due, each at least once: what deliver --once does."

    def add_arguments(self, parser: CommandParser) -> None:
        self._add_options(parser)
