"""Copy the records of a file into a temporary table, and say what is wrong within each of them.

A record with a fault is staged all the same, with nothing in place of what is wrong, so that what refers to it
is not called unknown as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from portal.importing import temporary
from portal.importing.faults import Fault, Faults, shown
from portal.importing.reading import Reader, Record, undecoded_places
from portal.importing.shapes import File, Parser, Row
from portal.importing.values import Malformed

# Told now and then how many bytes of the file have been read.
Progress = Callable[[int], None]
_TELL_EVERY = 500
_NOT_UTF8 = "a byte is not UTF-8, expected a file in UTF-8"


@dataclass(frozen=True)
class Staged:
    """What became of a file. *Shape*: with `keys_known` false nobody can say what is missing in it."""

    sha256: str
    keys_known: bool


def create_table(cursor: Any, file: File) -> None:
    """Create the temporary table of a file; PostgreSQL drops it at the end of the transaction."""
    # `wrong` names the columns with a fault, `known_id` is the record that has this key already.
    columns = ["line integer NOT NULL", "sha256 text", "wrong text[]", "known_id bigint"]
    columns += [f"{column.name} {column.sql}" for column in file.columns]
    columns += [f"{name} text" for name, _ in file.derived]
    temporary.create(cursor, f"{file.table} ({', '.join(columns)})")


def stage(cursor: Any, file: File, path: Path, *, place: int, faults: Faults, progress: Progress) -> Staged:
    """Copy a file into its table. *Units*: `place` is its place in the order of files."""
    names = [
        "line",
        "sha256",
        "wrong",
        *(column.name for column in file.columns),
        *(name for name, _ in file.derived),
    ]
    with path.open("rb") as stream:
        reader = Reader(stream)
        records = reader.records()
        rows = _Rows(file, place=place, faults=faults)
        rows.read_header(next(records, None))
        # Django passes COPY on as it is, and what goes wrong in it too.
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {file.table} ({', '.join(names)}) FROM STDIN") as copy,
        ):
            for count, record in enumerate(_without_empty_end(records), start=1):
                if (row := rows.read(record)) is not None:
                    copy.write_row(row)
                if count % _TELL_EVERY == 0:
                    progress(reader.position)
        progress(reader.position)
    return Staged(sha256=reader.sha256, keys_known=rows.has_keys and not reader.broken_off)


def _without_empty_end(records: Iterator[Record]) -> Iterator[Record]:
    """Leave out the empty lines that end a file; elsewhere they are records without fields."""
    first = last = 0
    for record in records:
        if not record.fields and not record.fault:
            first, last = first or record.line, record.line
            continue
        for line in range(first, last + 1) if first else ():
            yield Record(line, [])
        first = 0
        yield record


class _Rows:
    """Turn the records of one file into rows to stage."""

    def __init__(self, file: File, *, place: int, faults: Faults) -> None:
        self.has_keys = False
        self._file = file
        self._place = place
        self._faults = faults
        self._order = {column.name: number for number, column in enumerate(file.columns)}
        self._defaults: Row = {column.name: column.default for column in file.columns}
        self._normal = [(n, column.normal) for n, column in enumerate(file.columns) if column.normal is not str]
        self._width = 0
        # Place in the file, name, parser, and whether there must be a value.
        self._present: list[tuple[int, str, Parser, bool]] = []
        self._readable = False

    def read_header(self, header: Record | None) -> None:
        """Find out where each column is. Rows are read as well as the header allows, to name all faults."""
        expected = ", ".join(column.name for column in self._file.columns if column.required)
        if header is None:
            self._fault(1, "header", f"the file is empty, expected a header row with {expected}")
            return
        if len(header.fields) == 1 and (mark := next((m for m in (";", "\t") if m in header.fields[0]), "")):
            name = "a tab" if mark == "\t" else f'"{mark}"'
            self._fault(1, "header", f"the columns are separated by {name}, expected commas: {expected}")
            return
        if header.fault:
            self._fault(1, "header", header.fault)
            return
        if header.undecoded:
            self._fault(1, "header", _NOT_UTF8)
            return
        self._readable = True
        self._width = len(header.fields)
        columns = {column.name: column for column in self._file.columns}
        seen: set[str] = set()
        for position, name in enumerate(header.fields):
            if name not in columns:
                self._fault(1, "header", f"unknown column {shown(name)}, expected only {', '.join(columns)}")
            elif name in seen:
                self._fault(1, "header", f"the column {name} comes twice, expected it once")
            else:
                seen.add(name)
                self._present.append((position, name, columns[name].parse, columns[name].required))
        for column in self._file.columns:
            if column.required and column.name not in seen:
                self._fault(1, "header", f"the column {column.name} is missing, expected {expected}")
        self.has_keys = seen.issuperset(self._file.key)

    def read(self, record: Record) -> list[str | int | None] | None:
        """Read a record; None where there is nothing to stage."""
        if not self._readable:
            return None
        if record.fault:
            self._fault(record.line, "row", record.fault)
            row = self._key_of(record)
            self.has_keys &= all(row[name] for name in self._file.key)
            return self._staged(record.line, row, wrong=self._order.keys())
        if len(record.fields) != self._width:
            self._fault(
                record.line, "row", f"{len(record.fields)} fields, expected the {self._width} of the header"
            )
            return self._staged(record.line, self._key_of(record), wrong=self._order.keys())
        row = self._defaults.copy()
        wrong = self._decode(record) if record.undecoded else set()
        for position, name, parse, is_required in self._present:
            if wrong and name in wrong:
                row[name] = None
                continue
            value = None
            if given := record.fields[position]:
                try:
                    value = parse(given)
                except Malformed as malformed:
                    self._fault(record.line, name, str(malformed))
                    wrong.add(name)
                    row[name] = None
                    continue
            if value:
                row[name] = value
            elif is_required:
                self._fault(record.line, name, "missing, expected a value")
                wrong.add(name)
        if self._file.rule:
            for name, sentence in self._file.rule(row):
                if name not in wrong:
                    self._fault(record.line, name, sentence)
                    wrong.add(name)
        return self._staged(record.line, row, wrong=wrong)

    def _key_of(self, record: Record) -> Row:
        """Read no more than the key: enough to know that a record of this key is there."""
        for line in sorted({line for line, _ in undecoded_places(record)} if record.undecoded else ()):
            self._fault(line, "row", _NOT_UTF8)
        return {**self._defaults, **dict(self._keys(record))}

    def _keys(self, record: Record) -> Iterator[tuple[str, str]]:
        for position, name, parse, _ in self._present:
            if name in self._file.key and position < len(record.fields) and record.fields[position]:
                try:
                    yield name, parse(record.fields[position])
                except Malformed:
                    continue

    def _decode(self, record: Record) -> set[str]:
        names = {position: name for position, name, *_ in self._present}
        wrong = set()
        for line, position in undecoded_places(record):
            name = names.get(position, "row")
            self._fault(line, name, _NOT_UTF8)
            wrong.add(name)
        return wrong

    def _sha256(self, row: Row) -> str:
        values = [value or "" for value in row.values()]
        for place, normal in self._normal:
            if values[place]:
                values[place] = normal(values[place])
        # No text holds the separator: control characters are refused.
        return hashlib.sha256("\x1f".join(values).encode()).hexdigest()

    def _staged(self, line: int, row: Row, *, wrong: Set[str]) -> list[str | int | None]:
        marks = [None, f"{{{','.join(wrong)}}}"] if wrong else [self._sha256(row), None]
        return [line, *marks, *row.values(), *(derive(row) for _, derive in self._file.derived)]

    def _fault(self, line: int, column: str, sentence: str) -> None:
        self._faults.add(Fault(self._place, line, self._order.get(column, -1), self._file.csv, column, sentence))
