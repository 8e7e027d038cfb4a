"""Collect what is wrong, in the order it is printed, without keeping more than is printed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from portal.lib import text

MOST_SHOWN = 1000
_CUT = 5 * MOST_SHOWN


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong. *Shape*: ordered by file, line, column as the format lists them."""

    file: int
    line: int
    place: int
    name: str
    column: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.column}: {self.sentence}"


class Faults:
    """Hold the first faults and the count of all."""

    def __init__(self) -> None:
        self.by_file: Counter[str] = Counter()
        self._kept: list[Fault] = []

    @property
    def count(self) -> int:
        """Count all faults."""
        return self.by_file.total()

    def add(self, fault: Fault) -> None:
        """Count one fault, and keep it while it may be among the first."""
        self.by_file[fault.name] += 1
        self._kept.append(fault)
        if len(self._kept) > _CUT:
            self._kept = heapq.nsmallest(MOST_SHOWN, self._kept)

    def add_first(self, first: Iterable[Fault], *, count: int) -> None:
        """Add the first faults of a kind in one file, `count` of which there are in all."""
        for fault in first:
            self.add(fault)
            name, count = fault.name, count - 1
        self.by_file[name] += count

    def first(self) -> list[Fault]:
        """Give the faults that are printed."""
        return heapq.nsmallest(MOST_SHOWN, self._kept)


def shown(value: str) -> str:
    """Write a value for a message, quoted."""
    return f'"{text.shown(value)}"'
