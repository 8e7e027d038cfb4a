"""The numbers that the end of a subscription reserves, and for how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeptNumber:
    """A number that a termination reserves."""

    number: str
    is_ported_in: bool


@dataclass(frozen=True)
class Reservation:
    """Hold for how many days after the end numbers stay reserved. *Source*: Portal Config."""

    days: int
    days_ported_in: int
