"""Run the nightly clean-up."""

from __future__ import annotations

import csv
import json
import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from portal.audit.operations import SYSTEM
from portal.lib import days, numerals
from portal.lib import text as text_lib
from subscriptions import operations
from subscriptions.management.progress import Progress
from subscriptions.operations.expire import DEFAULT_BATCH, SELECTING, TERMINATING, Result
from subscriptions.operations.sharing import WorkerEnded

# The zone whose day begins first: no organisation can have a later today.
EARLIEST_ZONE = "Pacific/Kiritimati"
# Each takes a connection of the database.
MOST_WORKERS = 64
# What a shell says of a program that SIGTERM ended.
STOPPED = 128 + signal.SIGTERM
REPORT_COLUMNS = ("subscription_uuid", "organisation_uuid", "expiry_date", "days_expired", "result")


class _Report:
    """Write a row for each subscription; a disk that is full ends the report and not the run."""

    def __init__(self, path: str) -> None:
        self.trouble = ""
        self._file = Path(path).open("w", newline="", encoding="utf-8")  # noqa: SIM115 - see close
        self._csv = csv.writer(self._file)
        self._csv.writerow(REPORT_COLUMNS)

    def add(self, result: Result) -> None:
        if self.trouble:
            return
        try:
            self._csv.writerow(
                (
                    result.subscription_uuid,
                    result.organisation_uuid,
                    result.expires_on.isoformat(),
                    result.days_expired,
                    result.result,
                )
            )
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.trouble = error.strerror or str(error)


class _Stop:
    """Remember a SIGTERM, for this process and those that come of it: they share one byte."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def __call__(self) -> bool:
        return self._byte[0] == 1

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as a wish to stop after the running batch."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _remember(self, number: int, frame: object) -> None:
        self._byte[0] = 1


class Command(BaseCommand):
    help = (
        "Bring stored statuses up to date, terminate those expired for more than the reactivation days "
        "(no refund), free numbers whose reservation is over."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", metavar="DATE", help="take this day as today for every organisation")
        parser.add_argument("--dry-run", action="store_true", help="select and count, write nothing")
        parser.add_argument("--report", metavar="FILE", help="write a CSV with one row a subscription")
        parser.add_argument("--batch-size", metavar="N", default=str(DEFAULT_BATCH), help="rows a transaction")
        parser.add_argument(
            "--workers", metavar="N", default="1", help="processes that share the work (a dry run uses one)"
        )
        parser.add_argument(
            "--max",
            metavar="N",
            dest="limit",
            help="a safety stop: end after N terminations, and free no numbers then",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        as_of = self._as_of(
            options["as_of"], latest=days.today_in(EARLIEST_ZONE, at=at), is_dry_run=options["dry_run"]
        )
        batch_size = self._number("--batch-size", options["batch_size"])
        workers = self._number("--workers", options["workers"], most=MOST_WORKERS)
        limit = None if options["limit"] is None else self._number("--max", options["limit"], least=0)
        report: _Report | None = None
        if options["report"] is not None:
            try:
                report = _Report(options["report"])
            except OSError as error:
                self._refuse(f"The report cannot be written to {options['report']}: {error.strerror}.")
        failures: list[Result] = []

        def notice(result: Result) -> None:
            if result.is_failure:
                failures.append(result)
            if report:
                report.add(result)

        stop = _Stop()
        progress: Progress | None = None
        try:
            progress = Progress(self.stderr, totals=self._totals(as_of=as_of, at=at, limit=limit))
            with stop.listening():
                counts = operations.terminate_expired(
                    as_of=as_of,
                    limit=limit,
                    by=SYSTEM,
                    at=at,
                    batch_size=batch_size,
                    is_dry_run=options["dry_run"],
                    workers=workers,
                    tell=notice,
                    progress=progress.show,
                    stop=stop,
                    clock=timezone.now,
                )
        except WorkerEnded as ended:
            raise CommandError(
                f"A worker ended before its work was done: {ended}. The others did theirs, and what was terminated "
                "stays; run the clean-up again."
            ) from None
        except (OperationalError, InterfaceError) as error:
            why = text_lib.first_line(error)
            raise CommandError(
                f"The database could not go on: {why}. What was terminated stays; run the clean-up again."
            ) from None
        except days.UnknownTimezone as error:
            raise CommandError(
                f"An organisation's time zone is not known here, so nobody can say which day it has: {error} "
                "Nothing was done; correct it and run the clean-up again."
            ) from None
        finally:
            if progress:
                progress.clear()
            if report:
                report.close()
            for failure in failures:
                self.stderr.write(f"{failure.subscription_uuid}: {failure.result}")
        self._answer(counts, is_json=options["json"])
        if report and report.trouble:
            raise CommandError(f"The report in {options['report']} is not whole: {report.trouble}.")
        if counts.has_reached_limit:
            self.stderr.write(
                f"The limit of {limit:,} was reached: whatever else is due is for the next run, and so are the "
                "numbers to free."
            )
        if counts.was_stopped:
            self.stderr.write("Stopped as asked, after the running batch; the next run does the rest.")
        if counts.failed:
            raise SystemExit(1)
        if counts.was_stopped:
            raise SystemExit(STOPPED)

    def _totals(self, *, as_of: date | None, at: datetime, limit: int | None) -> dict[str, int]:
        """Count what is due, for a bar that somebody looks at."""
        if not self.stderr.isatty():
            return {}
        due = operations.count_due(as_of=as_of, at=at)
        return dict.fromkeys((TERMINATING, SELECTING), due if limit is None else min(due, limit))

    def _answer(self, counts: operations.Counts, *, is_json: bool) -> None:
        answer = {
            "as_of": counts.as_of.isoformat(),
            "expired": counts.expired,
            "terminated": counts.terminated,
            "released_numbers": counts.released_numbers,
            "failed": counts.failed,
            "dry_run": counts.dry_run,
        }
        if is_json:
            self.stdout.write(json.dumps(answer))
        else:
            width = max(len(name) for name in answer)
            for name, value in answer.items():
                self.stdout.write(f"{name.replace('_', ' '):<{width}}  {value}")
        if counts.renewing:
            # Not part of the answer, whose form is kept: a warning for whoever runs this.
            self.stderr.write(
                f"{counts.renewing:,} of {counts.terminated:,} had auto-renewal on. Import new cycles before the "
                "clean-up, so that what was renewed elsewhere is not ended here."
            )

    def _as_of(self, text: str | None, *, latest: date, is_dry_run: bool) -> date | None:
        if text is None:
            return None
        try:
            day = days.read(text)
        except days.NotADay as error:
            self._refuse(f"--as-of: {error}")
        if day > latest and not is_dry_run:
            self._refuse(
                f"--as-of: {text} is later than today anywhere ({latest.isoformat()}); only --dry-run looks ahead."
            )
        return day

    def _number(self, option: str, text: str, *, least: int = 1, most: int = 999_999_999) -> int:
        try:
            return numerals.whole(text, least=least, most=most)
        except numerals.Unreadable:
            up_to = f"to {most}" if most == MOST_WORKERS else "on"
            self._refuse(f"{option}: “{text_lib.shown(text)}” is not a whole number from {least} {up_to}.")

    def _refuse(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        raise SystemExit(2)
