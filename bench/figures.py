"""What a figure is, and how figures are made of many measurements."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Name a figure and its target. *Shape*: one of `at_least` and `at_most`; `says` is a few words for people."""

    name: str
    says: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    def is_met_by(self, value: float) -> bool:
        """Compare with the target; a figure without one is always met."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is None or value <= self.at_most


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hold what was measured. *Shape*: `ours` and `peer` are words for the table, with their units."""

    name: str
    value: float
    ours: str = ""
    peer: str = ""


def p95(values: Sequence[float]) -> float:
    """Give the 95th percentile by nearest rank."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def in_turns(*measure: Callable[[], float], turns: int) -> list[float]:
    """Let each measure in turn, several times, so that what else the machine does falls on all; give medians."""
    found: list[list[float]] = [[] for _ in measure]
    for _ in range(turns):
        for place, one in enumerate(measure):
            found[place].append(one())
    return [statistics.median(values) for values in found]
