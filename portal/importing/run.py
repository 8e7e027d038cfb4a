"""Import a directory of CSV files: stage, check, write. It is one transaction, so it is all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection

from portal import frame
from portal.audit import operations as audit_operations
from portal.importing import changes, checking, known, loading, refusals, registry, runs, staging, temporary
from portal.importing.faults import Fault, Faults
from portal.importing.shapes import Declared, File
from portal.importing.staging import Staged
from portal.jobs import operations as jobs
from portal.jobs.models import Run
from portal.lib import text

READING, CHECKING, WRITING = "Bytes read", "Checking", "Writing"

# Called with the current step, the bytes read and the bytes in all. Only reading has bytes; the others pass 0.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Count:
    """The rows of a file by outcome: new, unchanged, changed.

    *Shape*: `exceptions` are rows about subscriptions that ended in the portal. They are not written, and count
    nowhere else.
    """

    csv: str
    new: int
    unchanged: int
    changed: int = 0
    exceptions: int = 0


def import_directory(
    directory: Path,
    *,
    at: datetime,
    dry_run: bool = False,
    update: bool = False,
    on_exceptions: Callable[[Iterator[bytes]], None] | None = None,
    progress: Progress = lambda *_: None,
    clock: Callable[[], datetime] | None = None,
    declared_in: registry.Registry = registry.APPS,
) -> list[Count]:
    """Import the files of a directory, and return the counts of each. A dry run only checks them.

    *Shape*: `update` allows changes to the columns that their apps declare. Rows about subscriptions that ended in
    the portal are then set aside: `on_exceptions` gets them as CSV before the commit. An import is kept as a run,
    with its counts or with its faults; a dry run leaves none. `clock` gives the time of its end.
    *Raises*: Refused, as one of DirectoryFaulty, Interfered, BrokenOff, FileUnreadable, or as `on_exceptions` does.
    """
    declared = declared_in.together()
    faults = Faults()
    begun: Run | None = None
    only_commit_is_left = False

    def now() -> datetime:
        return clock() if clock else at

    def kept(refusal: frame.Refused) -> frame.Refused:
        if begun:
            runs.refuse(begun, refusal, at=now())
        return refusal

    try:
        present = _present(directory, declared, faults=faults)
        sizes = {file.csv: (directory / file.csv).stat().st_size for file in present}
        if not dry_run:
            begun = runs.begin(directory, sizes=sizes, is_update=update, at=at)
        with frame.operation("import_data"), connection.cursor() as cursor:
            if begun:
                jobs.hold(begun.pk)
            # Imports run one at a time. Two imports of one directory would both take every row for new.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import_data'))")
            # JIT compilation costs more than it saves here. Sorts and joins gain from more memory.
            cursor.execute("SET LOCAL jit = off")
            cursor.execute("SET LOCAL work_mem = '64MB'")
            # Staged rows are read many times, and temporary tables are not in shared buffers.
            cursor.execute("SET LOCAL temp_buffers = '64MB'")
            # New entries of a GIN index wait in a pending list. Emptying the list walks through the whole index, so
            # a longer list saves time. Every search reads the list meanwhile, so it can't be much longer than this.
            cursor.execute("SET LOCAL gin_pending_list_limit = '16MB'")
            # Joins of staged rows only need to tell many rows from few: small statistics are enough.
            cursor.execute("SET LOCAL default_statistics_target = 10")
            temporary.clear(cursor)
            staged: dict[str, Staged] = {}
            done = 0
            total = sum(sizes.values())
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
            matched = known.match(cursor, declared)
            known.lock(cursor, declared)
            if update:
                changes.lock(cursor, declared)
            differing = changes.gather(cursor, declared, among=matched)
            if update:
                changes.put_aside(cursor, declared)
            changes.check(cursor, declared, among=differing, is_updating=update, faults=faults)
            known.resolve(cursor, declared, at=at)
            checking.check(cursor, declared, faults=faults, unreadable=_unreadable(declared, staged))
            if faults.count:
                raise refusals.DirectoryFaulty(first=tuple(faults.first()), by_file=faults.by_file)
            counted = [_count(cursor, declared, file, is_updating=update) for file in present]
            if update and on_exceptions:
                on_exceptions(changes.exceptions(cursor))
            if begun is None:
                return counted
            if any(count.new for count in counted):
                progress(WRITING, 0, 0)
                loading.load(cursor, declared, at=at)
            if any(count.changed for count in counted):
                changes.write(cursor, declared)
            for file, count in zip(present, counted, strict=True):
                _record(begun, file, count, sha256=staged[file.name].sha256, is_update=update, at=at)
            runs.finish(begun, counts={count.csv: _numbers(count) for count in counted}, at=now())
            only_commit_is_left = True
    except frame.Refused as refusal:
        kept(refusal)
        raise
    except IntegrityError as error:
        raise kept(refusals.Interfered(why=text.first_line(error))) from error
    except (OperationalError, InterfaceError) as error:
        why = text.first_line(error)
        raise kept(refusals.BrokenOff(why=why, may_be_written=only_commit_is_left)) from error
    except OSError as error:
        name = text.harmless(str(error.filename))
        raise kept(refusals.FileUnreadable(path=name, why=error.strerror)) from error
    return counted


def _numbers(count: Count) -> dict[str, int]:
    return {
        "new": count.new,
        "changed": count.changed,
        "unchanged": count.unchanged,
        "exceptions": count.exceptions,
    }


def _count(cursor: Any, declared: Declared, file: File, *, is_updating: bool) -> Count:
    new, there = known.counts(cursor, file)
    if not is_updating:
        return Count(file.csv, new, there)
    changed = changes.count(cursor, declared, file)
    exceptions = changes.count_exceptions(cursor, declared, file)
    return Count(file.csv, new, there - changed, changed=changed, exceptions=exceptions)


def strangers(directory: Path) -> list[str]:
    """List the names in a directory that are no file of the format, in any case. The import ignores them."""
    known = {file.csv for file in registry.APPS.together().files}
    return sorted(path.name for path in directory.iterdir() if path.name.lower() not in known)


def _present(directory: Path, declared: Declared, *, faults: Faults) -> list[File]:
    """Find the files of the format. A name that differs in case, or is no regular file, is a fault."""
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
    """Tell whether a path is a regular file. Opening a FIFO would block until somebody writes to it."""
    return path.is_file()


def _unreadable(declared: Declared, staged: dict[str, Staged]) -> set[str]:
    """Name the files whose keys are not known, so that references to them can't be checked."""
    return {file.name for file in declared.files if file.required and file.name not in staged} | {
        name for name, file in staged.items() if not file.keys_known
    }


def _record(run: Run, file: File, count: Count, *, sha256: str, is_update: bool, at: datetime) -> None:
    counted = f"{count.new:,} new, {count.unchanged:,} unchanged"
    if is_update:
        counted = (
            f"{count.new:,} new, {count.changed:,} changed, {count.unchanged:,} unchanged, "
            f"{count.exceptions:,} exceptions"
        )
    audit_operations.record(
        "file.imported",
        sentence=f"{file.csv}: {counted} (SHA-256 {sha256}).",
        app=file.app,
        subject=audit_operations.Subject("run", run.uuid),
        data={"file": file.csv, "sha256": sha256, **_numbers(count), "is_update": is_update},
        by=frame.IMPORT,
        at=at,
    )
