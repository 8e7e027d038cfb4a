"""Import customers, plans, subscriptions and documents from a directory of CSV files."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from portal.lib import text as text_lib
from subscriptions.importing import run
from subscriptions.importing.columns import FILES
from subscriptions.importing.faults import MOST_SHOWN

_WIDTH = 30


class Command(BaseCommand):
    help = (
        "Import a directory of CSV files, all of it or nothing: what is wrong is printed as "
        "FILE:LINE: column: what is wrong, what was expected. Rows imported before are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="where the CSV files are")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")

    def handle(self, *args: Any, directory: Path, dry_run: bool, **options: Any) -> None:
        if not directory.is_dir():
            raise CommandError(f"{directory} is not a directory.")
        self._name_strangers(directory)
        bar = Bar(self.stderr) if self.stderr.isatty() else None
        try:
            counts = run.import_directory(
                directory, at=timezone.now(), dry_run=dry_run, progress=bar.show if bar else _nothing
            )
        except run.Refused as refused:
            if bar:
                bar.clear()
            for fault in refused.first:
                self.stderr.write(str(fault))
            if refused.count > MOST_SHOWN:
                self.stderr.write(f"{refused.count:,} faults; the first {MOST_SHOWN:,} are listed.")
            sys.exit(1)
        except run.Interfered as interfered:
            raise CommandError(
                f"The portal was changed meanwhile, and nothing was written; import again. ({interfered})"
            ) from interfered
        except run.BrokenOff as broken:
            raise CommandError(
                f"The database could not go on: {broken}. "
                + (
                    "It was lost while all was being kept, so all is written or nothing; import again to know."
                    if broken.may_be_written
                    else "Nothing was written; import again."
                )
            ) from None
        except OSError as error:
            raise CommandError(f"{error.filename} can't be read: {error.strerror}.") from error
        finally:
            if bar:
                bar.clear()
        for count in counts:
            self.stdout.write(f"{count.csv}: {count.new} new, {count.unchanged} unchanged")
        if not dry_run and any(count.new for count in counts):
            self._analyze()

    def _analyze(self) -> None:
        """Count the rows: the first lists would be planned for empty tables otherwise."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        except (OperationalError, InterfaceError) as error:
            why = text_lib.first_line(error)
            self.stderr.write(
                f"All is written; only ANALYZE failed ({why}), and lists may be slow until it is run again."
            )

    def _name_strangers(self, directory: Path) -> None:
        """Say which CSV files are not of the format: a mistyped name would pass unseen."""
        known = {file.csv for file in FILES}
        for path in sorted(directory.glob("*.csv")):
            if path.name not in known:
                self.stderr.write(f"{path.name} is not a file of the import format and is left out.")


def _nothing(doing: str, done: int, total: int) -> None:
    """Show no progress: nobody watches."""


class Bar:
    """Draw how far the import is, in one line of a terminal."""

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = stream
        self._drawn = ""

    def show(self, doing: str, done: int, total: int) -> None:
        """Draw the bar anew where it has changed."""
        part = done / total if total else 1
        filled = round(part * _WIDTH)
        drawn = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {part:4.0%} {doing}"
        if drawn != self._drawn:
            self._draw(f"\r{drawn}\x1b[K")
            self._drawn = drawn

    def clear(self) -> None:
        """Take the bar off the screen."""
        if self._drawn:
            self._draw("\r\x1b[K")
            self._drawn = ""

    def _draw(self, text: str) -> None:
        self._stream.write(text, str, ending="")
        self._stream.flush()
