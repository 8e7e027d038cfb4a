"""Import customers, plans, subscriptions and documents from a directory of CSV files."""

import contextlib
import json
import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from portal import frame
from portal.importing import loading, refusals, run
from portal.importing.faults import MOST_SHOWN
from portal.lib import text as text_lib
from portal.lib.progress import Progress


class Command(BaseCommand):
    help = (
        "Import a directory of CSV files, all of it or nothing: what is wrong is printed as "
        "FILE:LINE: column: what is wrong, what was expected. Rows imported before are left alone."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="DIRECTORY", help="where the CSV files are")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument(
            "--update",
            action="store_true",
            help="let the contacts of known organisations change, and leave out rows about what ended here",
        )
        parser.add_argument("--exceptions", metavar="FILE", help="with --update: write a CSV of what was left out")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")

    def handle(self, *args: Any, directory: str, dry_run: bool, update: bool, **options: Any) -> None:
        path = self._directory(directory)
        report = self._report(options["exceptions"], is_updating=update)
        self._name_strangers(path)
        progress = Progress(self.stderr, is_logged=False)
        try:
            counts = run.import_directory(
                path,
                at=timezone.now(),
                dry_run=dry_run,
                update=update,
                on_exceptions=report.write if report else None,
                progress=progress.show,
                clock=timezone.now,
            )
        except refusals.DirectoryFaulty as refused:
            progress.clear()
            for fault in refused.first:
                self.stderr.write(str(fault))
            if refused.count > MOST_SHOWN:
                self.stderr.write(f"{refused.count:,} faults; the first {MOST_SHOWN:,} are listed.")
            sys.exit(1)
        except frame.Refused as refused:
            raise CommandError(str(refused)) from refused
        else:
            if report:
                report.keep()
        finally:
            progress.clear()
            if report:
                report.drop()
        self._answer(counts, is_update=update, is_json=options["json"])
        if not dry_run and any(count.new >= loading.MANY for count in counts):
            self._analyze()

    def _answer(self, counts: list[run.Count], *, is_update: bool, is_json: bool) -> None:
        names = ("new", "changed", "unchanged", "exceptions") if is_update else ("new", "unchanged")
        counted = {count.csv: {name: getattr(count, name) for name in names} for count in counts}
        if is_json:
            self.stdout.write(json.dumps(counted))
            return
        for csv, numbers in counted.items():
            self.stdout.write(f"{csv}: " + ", ".join(f"{number} {name}" for name, number in numbers.items()))

    def _directory(self, given: str) -> Path:
        if not given:
            raise CommandError("DIRECTORY is empty: name the directory that holds the CSV files.")
        path = Path(given)
        if not path.is_dir():
            raise CommandError(f"{text_lib.harmless(given)} is not a directory.")
        return path

    def _report(self, given: str | None, *, is_updating: bool) -> "_Exceptions | None":
        if given is None:
            return None
        if not is_updating:
            raise CommandError("--exceptions goes with --update: without it there are none.", returncode=2)
        path = Path(given)
        if not given or (path.exists() and not path.is_file()):
            raise CommandError(
                f"--exceptions: “{text_lib.harmless(given)}” is no file that can be written.", returncode=2
            )
        try:
            return _Exceptions(path)
        except OSError as error:
            raise CommandError(
                f"--exceptions: {text_lib.harmless(given)} can't be written: {error.strerror}.", returncode=2
            ) from error

    def _analyze(self) -> None:
        """Count the rows: the first lists would be planned for empty tables otherwise."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT portal_analyze()")
        except (OperationalError, InterfaceError) as error:
            why = text_lib.first_line(error)
            self.stderr.write(
                f"All is written; only ANALYZE failed ({why}), and lists may be slow until it is run again."
            )

    def _name_strangers(self, directory: Path) -> None:
        """Say what is not of the format: a mistyped name would pass unseen."""
        for name in run.strangers(directory):
            self.stderr.write(f"{text_lib.harmless(name)} is not a file of the import format and is left out.")


class _Exceptions:
    """Write the exceptions beside their file, which is there as a whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = text_lib.harmless(str(path))
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        self._written = Path(name)
        self._stream = os.fdopen(handle, "wb")

    def write(self, pieces: Iterator[bytes]) -> None:
        try:
            for piece in pieces:
                self._stream.write(piece)
            self._stream.flush()
        except OSError as error:
            raise refusals.ExceptionsUnwritable(path=self._name, why=error.strerror) from error

    def keep(self) -> None:
        """Give the file its name."""
        try:
            self._stream.close()
            self._written.chmod(0o644)
            self._written.replace(self._path)
        except OSError as error:
            raise CommandError(
                f"All is imported; only the exceptions can't be written to {self._name}: {error.strerror}."
            ) from error

    def drop(self) -> None:
        """Leave nothing behind where it was not kept."""
        with contextlib.suppress(OSError):
            # What is still held back would fail once more.
            self._stream.close()
        with contextlib.suppress(FileNotFoundError):
            self._written.unlink()
