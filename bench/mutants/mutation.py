"""One way to break the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """Say what is broken: in `file`, `old` (found once) becomes `new`, and `test` has to fail."""

    name: str
    file: str
    old: str
    new: str
    test: str
