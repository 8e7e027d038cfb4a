"""Heads: the last entry of each account and the last seal, with their hashes, written down to be kept elsewhere.

The hash of an entry stands for every entry before it, that of a seal for every event before its end. So a kept head
shows a ledger or an audit that was rewritten as a whole, which nothing inside the database can show.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from portal.lib import numerals

# In the column of the organisation: this line is the last seal, its number and its hash.
SEAL = "seal"
COLUMNS = ("organisation_uuid", "seq", "sha256")


@dataclass(frozen=True)
class Head:
    """Hold where an account's chain had come to."""

    organisation: uuid.UUID
    seq: int
    sha256: bytes


@dataclass(frozen=True)
class SealHead:
    """Hold where the chain of seals had come to."""

    number: int
    sha256: bytes


Kept = Head | SealHead


class Unreadable(Exception):
    """Say that a file holds no kept heads."""


class Writer:
    """Write heads as CSV, header first."""

    def __init__(self, to: TextIO) -> None:
        self._csv = csv.writer(to, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def add(self, head: Kept) -> None:
        """Write one more."""
        place = (SEAL, head.number) if isinstance(head, SealHead) else (head.organisation, head.seq)
        self._csv.writerow((*place, head.sha256.hex()))


def read(lines: Iterable[str]) -> tuple[Kept, ...]:
    """Read what `Writer` wrote. *Raises*: Unreadable, naming the line."""
    reader = csv.reader(lines, strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise Unreadable(f"line 1: these columns were expected: {', '.join(COLUMNS)}")
        return tuple(_head(row, line=reader.line_num) for row in reader)
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: this is no CSV ({error})") from error


def _head(row: list[str], *, line: int) -> Kept:
    try:
        of, written, digits = row
        number, sha256 = numerals.whole(written), bytes.fromhex(digits)
        organisation = None if of == SEAL else uuid.UUID(of)
    except ValueError as error:
        raise Unreadable(_expected(line)) from error
    if len(sha256) != 32 or not 0 < number < 2**63:
        raise Unreadable(_expected(line))
    if organisation is None:
        return SealHead(number=number, sha256=sha256)
    return Head(organisation=organisation, seq=number, sha256=sha256)


def _expected(line: int) -> str:
    return f"line {line}: a UUID or “{SEAL}”, a number and a hash of 64 digits were expected"
