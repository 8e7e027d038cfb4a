"""The CSV report of a clean-up run: a row for each subscription, synced to disk with each batch."""

from __future__ import annotations

import contextlib
import csv
import errno
import fcntl
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from portal.jobs.models import Run
from subscriptions.clean_up import selectors
from subscriptions.clean_up.operations import runs
from subscriptions.clean_up.operations.counts import Result


class Report:
    """Writes a row for each subscription. A full disk ends the report, but not the run.

    The file is locked while this process, or a fork of it, has it open. An unlocked file therefore has no writer.
    *Raises*: FileExistsError, OSError.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path).absolute()
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        self.trouble = ""
        self.is_empty = True
        self._file = self.path.open("x", newline="", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._csv = csv.writer(self._file)
        self._csv.writerow(selectors.REPORT_COLUMNS)

    def add(self, result: Result) -> None:
        """Write a row."""
        self.is_empty = False
        row = selectors.ReportRow(
            subscription_uuid=result.subscription_uuid,
            organisation_uuid=result.organisation_uuid,
            expires_on=result.expires_on,
            days_expired=result.days_expired,
            result=result.result,
        )
        self._try(lambda: self._csv.writerow(row.cells()))

    def sync(self) -> None:
        """Sync the file to disk, so that a crash loses nothing."""
        self._try(self._sync)

    def close(self) -> None:
        """Sync and close the file."""
        self.sync()
        try:
            self._file.close()
        except OSError as error:
            self.trouble = self.trouble or _why(error)

    def withdraw(self) -> None:
        """Remove the file of a run that had nothing to report."""
        self.path.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def _try(self, write: Any) -> None:
        if self.trouble:
            return
        try:
            write()
        except OSError as error:
            self.trouble = _why(error)


def complete() -> None:
    """Complete the reports of killed runs from the database."""
    for run in selectors.broken_off_runs():
        # The file is gone, or on another machine. The page of the run offers the same rows.
        with contextlib.suppress(OSError):
            _complete(run)


def _complete(run: Run) -> None:
    with Path(run.report).open("r+", newline="", encoding="utf-8") as file:
        # The lock is refused while the run is at work.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.readline().rstrip() != ",".join(selectors.REPORT_COLUMNS):
            return
        file.seek(0)
        file.truncate()
        write(file, rows=selectors.report_rows(run))
        file.flush()
        os.fsync(file.fileno())
    runs.forget_report(run)


def write(file: io.TextIOBase | Any, *, rows: Iterable[selectors.ReportRow]) -> None:
    """Write the header and the rows."""
    lines = csv.writer(file)
    lines.writerow(selectors.REPORT_COLUMNS)
    lines.writerows(row.cells() for row in rows)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
