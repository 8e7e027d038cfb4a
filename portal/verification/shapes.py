"""What a verification says: what was looked at, and each thing that does not agree."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Fault:
    """Hold one thing that does not agree."""

    kind: str
    where: str
    detail: str


@dataclass(frozen=True)
class Counted:
    """Hold how much there was to look at."""

    organisations: int
    entries: int


def plain(value: object) -> object:
    """Write an amount without the zeros that its column adds, and a hash as its digits."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, bytes):
        return value.hex()
    return value
