"""Read a CSV file record by record, without ever holding more than one."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

BOM = b"\xef\xbb\xbf"
# No record of the format comes near; an unclosed quote or a file of another kind does.
LONGEST_LINE = 1 << 20
_FIELD = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_RECORD = re.compile(rf"{_FIELD}(?:,{_FIELD})*(?:\r?\n)?")
_QUOTING = "wrong quoting, expected that of RFC 4180"
_LONE_RETURN = "a carriage return without a line feed, expected lines that end in LF or CR LF"
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


class Record(NamedTuple):
    """One record. *Shape*: `line` is where it begins; with a `fault` the fields are a guess, or none.

    `undecoded` tells that some field holds bytes that are not UTF-8, as lone surrogates.
    """

    line: int
    fields: list[str]
    fault: str = ""
    undecoded: bool = False


class Reader:
    """Go through the records of a file; afterwards `sha256` is that of the whole file.

    *Shape*: `position` counts the bytes read; `broken_off` tells that the rest can't be told apart any more.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.position = 0
        self.broken_off = False
        self._stream = stream
        self._digest = hashlib.sha256()
        self._line = 0
        # Of the record that is being read.
        self._read: list[str] = []
        self._is_quoted = False
        self._undecoded = False

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def records(self) -> Iterator[Record]:
        """Go through the records, the header being the first."""
        parsed = csv.reader(self._lines(), strict=True)
        while True:
            line = self._line + 1
            self._read.clear()
            self._is_quoted = self._undecoded = False
            try:
                fields = next(parsed)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._misread(line, str(error))
                if self.broken_off:
                    return
                continue
            except _TooLong:
                self.broken_off = True
                yield Record(line, [], "the line is longer than a megabyte, expected a CSV file")
                return
            # Python's reader also takes quotes in the middle of a field that is not quoted.
            if self._is_quoted and not _RECORD.fullmatch("".join(self._read)):
                yield Record(line, fields, _QUOTING, self._undecoded)
                continue
            yield Record(line, fields, "", self._undecoded)

    def _misread(self, line: int, error: str) -> Record:
        """Say in our words what Python's reader has against a record."""
        if "field limit" in error:
            self.broken_off = True
            return Record(line, [], "a field is longer than 131,072 characters, is a quote never closed?")
        if "unexpected end of data" in error:
            # Every record after the quote went into the field that it opens.
            self.broken_off = True
            return Record(line, [], "a quote is never closed, expected a quote at the end of the field")
        fault = _LONE_RETURN if "new-line character" in error else _QUOTING
        return Record(line, self._guessed(), fault, self._undecoded)

    def _guessed(self) -> list[str]:
        """Take a record apart as well as its quotes allow: enough to know its key, mostly."""
        text = "".join(self._read).rstrip("\r\n").replace("\r", " ")
        try:
            return next(csv.reader([text]), [])
        except csv.Error:
            return []

    def _lines(self) -> Iterator[str]:
        while True:
            try:
                raw = self._stream.readline(LONGEST_LINE)
            except OSError as error:
                # Opening a file names it when it fails, reading does not.
                error.filename = self._stream.name
                raise
            if not raw:
                return
            self._line += 1
            self.position += len(raw)
            self._digest.update(raw)
            if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                raise _TooLong
            if self._line == 1:
                raw = raw.removeprefix(BOM)
            try:
                decoded = raw.decode("utf-8")
            except UnicodeDecodeError:
                decoded = raw.decode("utf-8", "surrogateescape")
                self._undecoded = True
            self._read.append(decoded)
            self._is_quoted |= '"' in decoded
            yield decoded


class _TooLong(Exception):
    """Say that a line is too long to be one."""


def undecoded_places(record: Record) -> Iterator[tuple[int, int]]:
    """Give line and field of what is not UTF-8 in a record, each once."""
    line = record.line
    for place, field in enumerate(record.fields):
        seen = -1
        for found in _NOT_UTF8.finditer(field):
            at = line + field.count("\n", 0, found.start())
            if at != seen:
                yield at, place
                seen = at
        line += field.count("\n")
