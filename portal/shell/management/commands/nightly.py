"""Do the work of a night."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from portal.frame import SYSTEM
from portal.lib import environment, numerals, text
from portal.lib.progress import Progress
from portal.lib.stopping import STOPPED, Stop
from portal.shell import night

MOST_WORKERS = 64
HEARTBEAT = "HEARTBEAT_URL"
# *Units*: seconds. Whoever watches the heartbeat is not what the night is for.
PATIENCE = 10


class Command(BaseCommand):
    help = (
        "Do what a portal does by itself every night: import, renewals, scheduled ends, clean-up, numbers, "
        "seal, messages, verification. A step that fails does not stop those that do not need it; a night that "
        "was killed is started again."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--import", metavar="DIRECTORY", dest="directory", help="import these CSV files first")
        parser.add_argument(
            "--report", metavar="FILE", help="write a CSV with one row a subscription of the clean-up"
        )
        parser.add_argument("--workers", metavar="N", default="1", help="processes that share the clean-up")
        parser.add_argument("--no-verify", action="store_true", help="leave the verification of the ledger out")
        parser.add_argument("--dry-run", action="store_true", help="look what each step would do, write nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            workers = numerals.whole(options["workers"], least=1, most=MOST_WORKERS)
        except numerals.Unreadable as unreadable:
            raise CommandError(f"--workers: {unreadable}", returncode=2) from None
        heartbeat = _heartbeat()
        progress = Progress(self.stderr, is_logged=True)
        stop = Stop()
        try:
            with stop.listening():
                outcomes = night.run_night(
                    night.Options(
                        stderr=self.stderr,
                        directory=options["directory"],
                        report=options["report"],
                        workers=workers,
                        is_verifying=not options["no_verify"],
                        is_dry_run=options["dry_run"],
                    ),
                    steps=night.STEPS,
                    by=SYSTEM,
                    at=timezone.now(),
                    clock=timezone.now,
                    stop=stop,
                    progress=progress.show,
                )
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(
                f"The night could not be written down: {text.first_line(error)}. What was done stays; start it "
                "again."
            ) from None
        finally:
            progress.clear()
        self._answer(outcomes, is_json=options["json"])
        if stop():
            raise SystemExit(STOPPED)
        if any(outcome.why for outcome in outcomes.values()):
            raise SystemExit(1)
        if heartbeat and not options["dry_run"]:
            self._beat(heartbeat)

    def _answer(self, outcomes: dict[str, night.Outcome], *, is_json: bool) -> None:
        if is_json:
            answer = {
                name: {"state": outcome.state.value, "counts": dict(outcome.counts), "why": outcome.why}
                for name, outcome in outcomes.items()
            }
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
            return
        for name, outcome in outcomes.items():
            counts = ", ".join(
                f"{count:,} {counted.replace('_', ' ')}" for counted, count in outcome.counts.items()
            )
            told = f"{night.LABELS[name]:<22} {outcome.state.label:<9} {counts}"
            self.stdout.write(told.rstrip())
            if outcome.why:
                self.stdout.write(f"{'':<22} {outcome.why}")

    def _beat(self, url: str) -> None:
        """Say that the night was a good one, to whoever misses this when it does not come."""
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE):  # noqa: S310 - http and https only, see below
                pass
        except (URLError, OSError, ValueError) as error:
            self.stderr.write(f"The night was good, but {HEARTBEAT} could not be told: {text.first_line(error)}.")


def _heartbeat() -> str:
    url = environment.text(HEARTBEAT)
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise CommandError(f"{HEARTBEAT} is {url!r}: it has to be an address that begins with https:// or http://.")
    return url
