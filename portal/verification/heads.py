"""Heads of the ledger: the last entry of each account with its hash, written down to be kept elsewhere.

The hash of an entry stands for every entry before it, so a kept head shows a ledger that was rewritten as a
whole, which nothing inside the database can show.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from portal.lib import numerals

COLUMNS = ("organisation_uuid", "seq", "sha256")


@dataclass(frozen=True)
class Head:
    """Hold where an account's chain had come to."""

    organisation: uuid.UUID
    seq: int
    sha256: bytes


class Unreadable(Exception):
    """Say that a file holds no kept heads."""


class Writer:
    """Write heads as CSV, header first."""

    def __init__(self, to: TextIO) -> None:
        self._csv = csv.writer(to, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def add(self, head: Head) -> None:
        """Write one more."""
        self._csv.writerow((head.organisation, head.seq, head.sha256.hex()))


def read(lines: Iterable[str]) -> tuple[Head, ...]:
    """Read what `Writer` wrote. *Raises*: Unreadable, naming the line."""
    reader = csv.reader(lines, strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise Unreadable(f"line 1: these columns were expected: {', '.join(COLUMNS)}")
        return tuple(_head(row, line=reader.line_num) for row in reader)
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: this is no CSV ({error})") from error


def _head(row: list[str], *, line: int) -> Head:
    try:
        organisation, seq, sha256 = row
        head = Head(organisation=uuid.UUID(organisation), seq=numerals.whole(seq), sha256=bytes.fromhex(sha256))
    except ValueError as error:
        raise Unreadable(f"line {line}: a UUID, a number and a hash of 64 digits were expected") from error
    if len(head.sha256) != 32 or not 0 < head.seq < 2**63:
        raise Unreadable(f"line {line}: a UUID, a number and a hash of 64 digits were expected")
    return head
