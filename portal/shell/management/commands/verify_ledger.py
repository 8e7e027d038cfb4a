"""Recompute the ledger, the documents and the terminations; name each fault."""

import itertools
import json
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from customers.checks import accounts
from portal import verification
from portal.lib import text

LONGEST_LINE = 1 << 20


class Command(BaseCommand):
    help = (
        "Recompute every balance, hash, sum, status and series and compare them with what is kept. "
        "Changes nothing. Exit status 1 when something does not agree."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
        parser.add_argument(
            "--heads",
            metavar="FILE",
            help="write each account's last entry and the last seal, with their hashes, to FILE when everything "
            "agrees; keep it elsewhere",
        )
        parser.add_argument(
            "--against",
            metavar="FILE",
            help="compare with heads that were kept: each entry and seal must still be there",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kept = self._kept(options["against"]) if options["against"] is not None else ()
        counted = accounts.count()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as heads:
            writer = verification.heads.Writer(heads)
            found = itertools.chain(
                verification.schema_faults(),
                verification.faults(at=timezone.now().astimezone(UTC), kept=kept, on_head=writer.add),
            )
            number = self._json(counted, found) if options["json"] else self._table(counted, found)
            if options["heads"] is not None:
                self._keep(heads, path=options["heads"], faults=number)
        if number:
            sys.exit(1)

    def _kept(self, path: str) -> tuple[verification.Kept, ...]:
        try:
            with Path(path).open(encoding="utf-8-sig", newline="") as lines:
                # A line that is longer is none; a device may have no end.
                return verification.heads.read(iter(lambda: lines.readline(LONGEST_LINE), ""))
        except (OSError, UnicodeDecodeError, verification.heads.Unreadable) as error:
            raise CommandError(f"The kept heads in {path} cannot be read: {error}", returncode=2) from error

    def _keep(self, heads: TextIO, *, path: str, faults: int) -> None:
        # Heads of a ledger that does not agree would only prove the wrong thing later.
        if faults:
            self.stderr.write(f"The heads were not written to {path}, because not everything agrees.")
            return
        heads.seek(0)
        try:
            with Path(path).open("w", encoding="utf-8") as file:
                shutil.copyfileobj(heads, file)
        except OSError as error:
            raise CommandError(f"The heads cannot be written to {path}: {error}", returncode=2) from error

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
        verdict = "Everything agrees." if not number else f"{text.counted(number, 'fault')}."
        self.stdout.write(f"{counted.organisations} organisations, {counted.entries} ledger entries. {verdict}")
        return number
