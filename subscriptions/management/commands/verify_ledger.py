"""Recompute the ledger, the documents and the terminations; name each fault."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from subscriptions import verification


class Command(BaseCommand):
    help = (
        "Recompute every balance, sum, status and series and compare them with what is kept. "
        "Changes nothing. Exit status 1 when something does not agree."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        counted = verification.count()
        found = verification.faults(at=timezone.now().astimezone(UTC))
        number = self._json(counted, found) if options["json"] else self._table(counted, found)
        if number:
            sys.exit(1)

    def _json(self, counted: verification.Counted, found: Iterator[verification.Fault]) -> int:
        # Written as they come: a broken database may have very many.
        self.stdout.write(
            f'{{"organisations": {counted.organisations}, "entries": {counted.entries}, "faults": [', ending=""
        )
        number = 0
        for number, fault in enumerate(found, start=1):
            comma = "," if number > 1 else ""
            self.stdout.write(f"{comma}\n{json.dumps(asdict(fault), ensure_ascii=False)}", ending="")
        self.stdout.write("]}")
        return number

    def _table(self, counted: verification.Counted, found: Iterator[verification.Fault]) -> int:
        number = 0
        for fault in found:
            number += 1
            self.stdout.write(f"{fault.kind:<28} {fault.where}\n{'':<28} {fault.detail}")
        verdict = "Everything agrees." if not number else f"{number} {'fault' if number == 1 else 'faults'}."
        self.stdout.write(f"{counted.organisations} organisations, {counted.entries} ledger entries. {verdict}")
        return number
