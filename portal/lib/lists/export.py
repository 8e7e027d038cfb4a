"""A list as a CSV file: exactly the rows that its filters let through, read by key and sent as they are read."""

from __future__ import annotations

import codecs
import contextlib
import csv
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.http import StreamingHttpResponse

from portal.lib.lists import cells

AT_ONCE = 2
"""How many files are written at the same time; each takes a process and a connection for as long as it lasts."""


class Busy(Exception):
    """Say that enough files are being written already."""


class _Echo:
    """Give back what the csv module wants to write."""

    def write(self, line: str) -> str:
        return line


class _Lines:
    """The lines of a file, and the place that it takes until it is closed, though nobody may have read a line."""

    def __init__(self, slot: IO[bytes], lines: Iterator[bytes]) -> None:
        self._slot = slot
        self._lines = lines

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._lines)

    def close(self) -> None:
        """Give the place back; the server calls it at the end of every answer."""
        self._slot.close()


def response(name: str, headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """Send rows of values as a CSV file, in UTF-8 with the byte-order mark that spreadsheets look for.

    *Raises*: Busy.
    """
    slot = _slot()
    return StreamingHttpResponse(
        _Lines(slot, _lines(headings, rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _lines(headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    writer = csv.writer(_Echo())
    yield codecs.BOM_UTF8 + writer.writerow(headings).encode()
    for row in rows:
        yield writer.writerow([cells.harmless(value) for value in row]).encode()


def _slot() -> IO[bytes]:
    """Take one of the places. *Raises*: Busy.

    A place is a lock on a file: the kernel gives it back whenever its process ends, and all workers of this machine
    share it.
    """
    database = settings.DATABASES["default"]
    whose = hashlib.sha256(f"{database.get('HOST')}/{database.get('PORT')}/{database.get('NAME')}".encode())
    for number in range(AT_ONCE):
        path = Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{whose.hexdigest()[:12]}-{number}.lock"
        slot = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "rb")
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return slot
        slot.close()
    raise Busy
