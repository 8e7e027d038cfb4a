"""Seal the events."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from portal.audit import sealing
from portal.audit.models import Seal
from portal.lib import text


class Command(BaseCommand):
    help = (
        "Give each event its position, seal those that are not sealed yet, and forget old keys of forms. The "
        "clean-up does it as well; where nothing is new, nothing is done."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = sealing.finish_night(at=timezone.now())
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(
                f"Not everything was sealed: {text.first_line(error)}. What was sealed stays; verify_ledger says "
                "what does not agree."
            ) from None
        last = Seal.objects.first()
        if options["json"]:
            answer = {
                "numbered": done.numbered,
                "seals": [_plain(seal) for seal in done.seals],
                "last": _plain(last) if last else None,
                "forgotten_keys": done.forgotten_keys,
            }
            self.stdout.write(json.dumps(answer))
            return
        for seal in done.seals:
            self.stdout.write(_line(seal))
        if not done.seals:
            self.stdout.write("Nothing to seal." + (f" The last seal: {_line(last)}" if last else ""))


def _line(seal: Seal) -> str:
    return (
        f"Seal {seal.number}: {text.counted(seal.count, 'event')}, positions {seal.first_position} to "
        f"{seal.last_position_id}, {bytes(seal.sha256).hex()}"
    )


def _plain(seal: Seal) -> dict[str, Any]:
    return {
        "number": seal.number,
        "first_position": seal.first_position,
        "last_position": seal.last_position_id,
        "count": seal.count,
        "sha256": bytes(seal.sha256).hex(),
    }
