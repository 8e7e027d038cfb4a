"""Import a directory: stage, check, write; all of it in one transaction or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, InterfaceError, OperationalError, connection

from portal.audit import operations as audit_operations
from portal.lib import text
from subscriptions.importing import checking, known, loading, staging
from subscriptions.importing.columns import FILES, File
from subscriptions.importing.faults import Fault, Faults
from subscriptions.importing.staging import Staged

# Told what is being done, and the bytes done of all bytes.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Count:
    """How many rows of a file were new, and how many were imported before."""

    csv: str
    new: int
    unchanged: int


class Refused(Exception):
    """Carry what is wrong; nothing was written."""

    def __init__(self, faults: Faults) -> None:
        self.first = faults.first()
        self.count = faults.count
        super().__init__(f"{self.count:,} faults")


class Interfered(Exception):
    """Say that the portal was changed meanwhile in a way that clashes; nothing was written."""


class BrokenOff(Exception):
    """Say that the database could not go on: it went away, its disk is full, somebody held a lock too long.

    *Shape*: with `may_be_written` false nothing was written. True, it was lost over the commit: all or nothing was,
    and only another import tells.
    """

    def __init__(self, why: str, *, may_be_written: bool) -> None:
        self.may_be_written = may_be_written
        super().__init__(why)


def import_directory(
    directory: Path, *, at: datetime, dry_run: bool = False, progress: Progress = lambda *_: None
) -> list[Count]:
    """Import the files of a directory, or only check them; give the counts of the files that are there.

    *Raises*: Refused; Interfered; BrokenOff; OSError for a file that can't be read.
    """
    present = [file for file in FILES if (directory / file.csv).exists()]
    total = sum((directory / file.csv).stat().st_size for file in present)
    only_commit_is_left = False
    try:
        with audit_operations.operation("import_data"), connection.cursor() as cursor:
            # One import at a time: two of the same directory would both find every row new.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import_data'))")
            # Plans for millions of rows are not worth compiling; sorts and joins are worth some memory.
            cursor.execute("SET LOCAL jit = off")
            cursor.execute("SET LOCAL work_mem = '64MB'")
            # What is staged is read again and again, and is not in the memory that processes share.
            cursor.execute("SET LOCAL temp_buffers = '64MB'")
            # What is new waits in a list until it is sorted into an index of the search: a walk through the whole
            # index each time. Meanwhile every search reads the list, everybody's: it can't be much longer.
            cursor.execute("SET LOCAL gin_pending_list_limit = '16MB'")
            # Enough to tell many rows from few, which is all that joins of staged rows depend on.
            cursor.execute("SET LOCAL default_statistics_target = 10")
            faults = Faults()
            staged: dict[str, Staged] = {}
            done = 0
            for place, file in enumerate(FILES):
                staging.create_table(cursor, file)
                path = directory / file.csv
                if file in present:

                    def told(read: int, *, csv: str = file.csv, before: int = done) -> None:
                        progress(f"reading {csv}", before + read, total)

                    staged[file.name] = staging.stage(cursor, file, path, place=place, faults=faults, progress=told)
                    done += path.stat().st_size
                elif file.required:
                    faults.add(
                        Fault(place, 1, -1, file.csv, "header", "the file is missing, expected it in the directory")
                    )
            progress("checking", total, total)
            known.match_known(cursor)
            known.lock(cursor)
            known.resolve(cursor, at=at)
            checking.check(cursor, faults=faults, unreadable=_unreadable(staged))
            if faults.count:
                raise Refused(faults)
            counted = [Count(file.csv, *known.counts(cursor, file)) for file in present]
            if dry_run:
                return counted
            if any(count.new for count in counted):
                progress("writing", total, total)
                loading.load(cursor, at=at)
            for file, count in zip(present, counted, strict=True):
                _record(file, count, sha256=staged[file.name].sha256, at=at)
            only_commit_is_left = True
    except IntegrityError as error:
        raise Interfered(text.first_line(error)) from error
    except (OperationalError, InterfaceError) as error:
        raise BrokenOff(text.first_line(error), may_be_written=only_commit_is_left) from error
    return counted


def _unreadable(staged: dict[str, Staged]) -> set[str]:
    """Name the files of which nobody can say what is missing in them."""
    return {file.name for file in FILES if file.required and file.name not in staged} | {
        name for name, file in staged.items() if not file.keys_known
    }


def _record(file: File, count: Count, *, sha256: str, at: datetime) -> None:
    audit_operations.record(
        app=file.app,
        event="Imported",
        description=f"{file.csv}: {count.new:,} new, {count.unchanged:,} unchanged (SHA-256 {sha256}).",
        by=audit_operations.IMPORT,
        at=at,
    )
