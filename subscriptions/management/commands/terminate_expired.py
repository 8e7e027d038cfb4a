"""Run the nightly clean-up."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from portal.audit import sealing
from portal.frame import SYSTEM
from portal.lib import days, numerals
from portal.lib import text as text_lib
from portal.lib.progress import Progress
from portal.lib.stopping import STOPPED, Stop
from subscriptions.clean_up import selectors
from subscriptions.clean_up.operations import counts as operations_counts
from subscriptions.clean_up.operations import expire
from subscriptions.clean_up.operations import report as reports
from subscriptions.clean_up.operations.counts import Result
from subscriptions.clean_up.operations.expire import DEFAULT_BATCH, SELECTING, TERMINATING
from subscriptions.clean_up.operations.workers import WorkerEnded

# The zone whose day begins first: no organisation can have a later today.
EARLIEST_ZONE = "Pacific/Kiritimati"
# Each takes a connection of the database.
MOST_WORKERS = 64
# How far two clocks may be apart.
APART = timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "Bring stored statuses up to date, terminate those expired for more than the reactivation days "
        "(no refund), free numbers whose reservation is over."
    )
    requires_system_checks = ()

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
            help="end after N terminations, and free no numbers then; without it a run that would end very many "
            "does nothing",
        )
        parser.add_argument(
            "--also-renewing",
            action="store_true",
            help="also end those whose auto-renewal is on, though no renewal was seen; else they are held",
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
        failures: list[Result] = []
        report: reports.Report | None = None
        counts: operations_counts.Counts | None = None
        progress = Progress(self.stderr, is_logged=True)
        totals: dict[str, int] = {}
        stop = Stop()

        def notice(result: Result) -> None:
            if result.is_failure:
                failures.append(result)
            if report:
                report.add(result)

        def show(step: str, done: int) -> None:
            if report:
                report.sync()
            progress.show(step, done, totals.get(step, 0))

        try:
            self._compare_clocks(is_day_named=as_of is not None)
            report = self._report(options["report"])
            if not options["dry_run"]:
                reports.complete()
            totals = self._totals(as_of=as_of, at=at, limit=limit, is_also_renewing=options["also_renewing"])
            with stop.listening():
                counts = expire.terminate_expired(
                    as_of=as_of,
                    limit=limit,
                    by=SYSTEM,
                    at=at,
                    batch_size=batch_size,
                    is_dry_run=options["dry_run"],
                    is_also_renewing=options["also_renewing"],
                    workers=workers,
                    report=str(report.path) if report else "",
                    tell=notice,
                    progress=show,
                    stop=stop,
                    clock=timezone.now,
                )
        except operations_counts.TooManyDue as refused:
            raise CommandError(f"Nothing was done: {refused}") from None
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
        finally:
            progress.clear()
            if report:
                report.close()
                if counts is None and report.is_empty:
                    # The next run may have the same name.
                    report.withdraw()
            for failure in failures:
                self.stderr.write(f"{failure.subscription_uuid}: {failure.result}")
        self._answer(counts, is_json=options["json"])
        is_left_unsealed = not (counts.dry_run or counts.was_stopped or self._seal())
        if counts.refused:
            self.stderr.write(f"Without --max a run would do nothing: {counts.refused}")
        if report and report.trouble:
            raise CommandError(f"The report in {options['report']} is not whole: {report.trouble}.")
        if counts.has_reached_limit:
            self.stderr.write(
                f"The limit of {limit:,} was reached: whatever else is due is for the next run, and so are the "
                "numbers to free."
            )
        if counts.was_stopped:
            self.stderr.write("Stopped as asked, after the running batch; the next run does the rest.")
        if counts.failed or is_left_unsealed:
            raise SystemExit(1)
        if counts.was_stopped:
            raise SystemExit(STOPPED)

    def _compare_clocks(self, *, is_day_named: bool) -> None:
        """Refuse to work by a clock that is wrong: what is terminated stays terminated."""
        clocks = selectors.clocks()
        # Read after the other: a run that began at the same moment is no sign of a wrong clock.
        here = timezone.now()
        if abs(here - clocks.database) > APART:
            raise CommandError(
                f"The clock here says {days.moment(here)}, the database's {days.moment(clocks.database)}: they may "
                "not be more than an hour apart. Nothing was done; set the one that is wrong, and run the clean-up "
                "again."
            )
        if clocks.last_start and here < clocks.last_start and not is_day_named:
            raise CommandError(
                f"The clock here says {days.moment(here)}, and the last run began at "
                f"{days.moment(clocks.last_start)}: this clock is wrong, or that one was. Nothing was done; set "
                "the clock right. If it is right, say which day it is, until the clock has passed that moment: "
                "--as-of DATE."
            )

    def _report(self, path: str | None) -> reports.Report | None:
        if path is None:
            return None
        try:
            return reports.Report(path)
        except FileExistsError:
            raise CommandError(
                f"{text_lib.shown(path)} is there already, and no report is written over. Nothing was done; name "
                "another file."
            ) from None
        except OSError as error:
            self._refuse(f"The report cannot be written to {text_lib.shown(path)}: {error.strerror}.")

    def _totals(
        self, *, as_of: date | None, at: datetime, limit: int | None, is_also_renewing: bool
    ) -> dict[str, int]:
        """Count what is due, for a bar that somebody looks at."""
        if not self.stderr.isatty():
            return {}
        due = expire.count_due(as_of=as_of, at=at, is_also_renewing=is_also_renewing)
        return dict.fromkeys((TERMINATING, SELECTING), due if limit is None else min(due, limit))

    def _answer(self, counts: operations_counts.Counts, *, is_json: bool) -> None:
        answer = {
            "as_of": counts.as_of.isoformat(),
            "expired": counts.expired,
            "terminated": counts.terminated,
            "held": counts.held,
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
        if counts.held:
            # Not part of the answer, whose form is kept: a hint for whoever runs this.
            self.stderr.write(
                f"{counts.held:,} held: auto-renewal is on, and no renewal was seen. Import the new cycles of "
                "those that were renewed elsewhere; the others end with --also-renewing, or one by one in the "
                "portal."
            )

    def _seal(self) -> bool:
        """Seal the events of the day, those of this run included. What is left over, the next one seals."""
        try:
            sealing.finish_night(at=timezone.now())
        except (DatabaseError, InterfaceError) as error:
            self.stderr.write(
                f"The clean-up is done, but not every event was sealed: {text_lib.first_line(error)}. “./run seal” "
                "does it later; “./run verify_ledger” says what does not agree."
            )
            return False
        return True

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
        except numerals.Unreadable as unreadable:
            self._refuse(f"{option}: {unreadable}")

    def _refuse(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        raise SystemExit(2)
