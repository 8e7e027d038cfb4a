"""Import a directory: stage, check, write; all of it in one transaction or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection

from portal.audit import operations as audit_operations
from portal.importing import changes, checking, known, loading, registry, staging
from portal.importing.faults import Fault, Faults
from portal.importing.shapes import Declared, File
from portal.importing.staging import Staged
from portal.lib import text

READING, CHECKING, WRITING = "Bytes read", "Checking", "Writing"

# Told which of these steps is at work; of the first also how far it is, of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Count:
    """How many rows of a file were new, and how many were imported before: changed, or as they were.

    *Shape*: `exceptions` are rows about what ended here; they are not written, and not among the others.
    """

    csv: str
    new: int
    unchanged: int
    changed: int = 0
    exceptions: int = 0


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
    directory: Path,
    *,
    at: datetime,
    dry_run: bool = False,
    update: bool = False,
    on_exceptions: Callable[[Iterator[bytes]], None] | None = None,
    progress: Progress = lambda *_: None,
    declared_in: registry.Registry = registry.APPS,
) -> list[Count]:
    """Import the files of a directory, or only check them; give the counts of the files that are there.

    *Shape*: with `update` what the apps let change may change, and rows about what ended here are put aside:
    `on_exceptions` is given them as CSV, before anything is kept.
    *Raises*: Refused; Interfered; BrokenOff; OSError for a file that can't be read.
    """
    declared = declared_in.together()
    faults = Faults()
    present = _present(directory, declared, faults=faults)
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
            staged: dict[str, Staged] = {}
            done = 0
            progress(READING, 0, total)
            for place, file in enumerate(declared.files):
                staging.create_table(cursor, file)
                path = directory / file.csv
                if file in present:

                    def told(read: int, *, before: int = done) -> None:
                        progress(READING, before + read, total)

                    staged[file.name] = staging.stage(cursor, file, path, place=place, faults=faults, progress=told)
                    done += path.stat().st_size
                elif file.required and not (directory / file.csv).exists():
                    faults.add(
                        Fault(place, 1, -1, file.csv, "header", "the file is missing, expected it in the directory")
                    )
            progress(CHECKING, 0, 0)
            known.match(cursor, declared)
            known.lock(cursor, declared)
            if update:
                changes.lock(cursor, declared)
            changes.gather(cursor, declared)
            if update:
                changes.put_aside(cursor, declared)
            changes.check(cursor, declared, is_updating=update, faults=faults)
            known.resolve(cursor, declared, at=at)
            checking.check(cursor, declared, faults=faults, unreadable=_unreadable(declared, staged))
            if faults.count:
                raise Refused(faults)
            counted = [_count(cursor, declared, file, is_updating=update) for file in present]
            if update and on_exceptions:
                on_exceptions(changes.exceptions(cursor))
            if dry_run:
                return counted
            if any(count.new for count in counted):
                progress(WRITING, 0, 0)
                loading.load(cursor, declared, at=at)
            if any(count.changed for count in counted):
                changes.write(cursor, declared)
            for file, count in zip(present, counted, strict=True):
                _record(file, count, sha256=staged[file.name].sha256, is_update=update, at=at)
            only_commit_is_left = True
    except IntegrityError as error:
        raise Interfered(text.first_line(error)) from error
    except (OperationalError, InterfaceError) as error:
        raise BrokenOff(text.first_line(error), may_be_written=only_commit_is_left) from error
    return counted


def _count(cursor: Any, declared: Declared, file: File, *, is_updating: bool) -> Count:
    new, there = known.counts(cursor, file)
    if not is_updating:
        return Count(file.csv, new, there)
    changed = changes.count(cursor, declared, file)
    exceptions = changes.count_exceptions(cursor, declared, file)
    return Count(file.csv, new, there - changed, changed=changed, exceptions=exceptions)


def strangers(directory: Path) -> list[str]:
    """Name what is in a directory and no file of the format, not by another case either: it is left out."""
    known = {file.csv for file in registry.APPS.together().files}
    return sorted(path.name for path in directory.iterdir() if path.name.lower() not in known)


def _present(directory: Path, declared: Declared, *, faults: Faults) -> list[File]:
    """Find the files of the format, and what only looks like one of them."""
    names = {path.name for path in directory.iterdir()}
    present = []
    for place, file in enumerate(declared.files):
        for name in sorted(names):
            if name != file.csv and name.lower() == file.csv:
                sentence = f"the name differs from {file.csv} in case alone, expected {file.csv}"
                faults.add(Fault(place, 1, -1, text.harmless(name), "header", sentence))
        if file.csv not in names:
            continue
        if _is_file(directory / file.csv):
            present.append(file)
        else:
            faults.add(Fault(place, 1, -1, file.csv, "header", "this is no file with rows, expected a CSV file"))
    return present


def _is_file(path: Path) -> bool:
    """Tell before it is opened: a FIFO would wait for a writer for ever."""
    return path.is_file()


def _unreadable(declared: Declared, staged: dict[str, Staged]) -> set[str]:
    """Name the files of which nobody can say what is missing in them."""
    return {file.name for file in declared.files if file.required and file.name not in staged} | {
        name for name, file in staged.items() if not file.keys_known
    }


def _record(file: File, count: Count, *, sha256: str, is_update: bool, at: datetime) -> None:
    counted = f"{count.new:,} new, {count.unchanged:,} unchanged"
    if is_update:
        counted = (
            f"{count.new:,} new, {count.changed:,} changed, {count.unchanged:,} unchanged, "
            f"{count.exceptions:,} exceptions"
        )
    audit_operations.record(
        app=file.app,
        event="Imported",
        description=f"{file.csv}: {counted} (SHA-256 {sha256}).",
        by=audit_operations.IMPORT,
        at=at,
    )
