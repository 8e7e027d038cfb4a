"""Count the subscriptions that the next clean-up would end. A higher app declares how, in its `due_tonight`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.lib import text

# Counts the subscriptions that are due: count(reactivation_days, at).
Count = Callable[[int, datetime], int]
# In any time zone, and at whatever hour it starts, the next clean-up is over within a day.
AHEAD = timedelta(days=1)

_declared: list[Count] = []


@dataclass(frozen=True)
class Question:
    """The question before a save that would end more subscriptions: how many are due then, and how many now."""

    days: int
    due: int
    days_in_force: int
    due_in_force: int

    @property
    def due_text(self) -> str:
        """Write how many would be due."""
        return text.counted(self.due, "subscription")

    @property
    def due_in_force_text(self) -> str:
        """Write how many are due now."""
        return f"{self.due_in_force:,}"


def declare(count: Count) -> Count:
    """Declare a function that counts what the clean-up would end."""
    _declared.append(count)
    return count


def due(*, reactivation_days: int, at: datetime) -> int:
    """Count the subscriptions that the clean-up would end within a day."""
    return sum(count(reactivation_days, at + AHEAD) for count in _declared)


def question(*, days: int, days_in_force: int, at: datetime) -> Question | None:
    """Give the question if other reactivation days would end more subscriptions, which can't be undone.

    Unchanged days need no query.
    """
    if days == days_in_force:
        return None
    found = Question(
        days=days,
        due=due(reactivation_days=days, at=at),
        days_in_force=days_in_force,
        due_in_force=due(reactivation_days=days_in_force, at=at),
    )
    return found if found.due > found.due_in_force else None
