"""Count what the next clean-up would end. The app above declares it, in its module `due_tonight`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.lib import text

# Gives how many subscriptions are due at an instant under a number of reactivation days.
Count = Callable[[int, datetime], int]
# Wherever a customer lives, and whenever the clean-up is run: the next one is over by then.
AHEAD = timedelta(days=1)

_declared: list[Count] = []


@dataclass(frozen=True)
class Question:
    """Hold what has to be asked before reactivation days are saved under which more would end than now."""

    days: int
    due: int
    days_in_force: int
    due_in_force: int

    @property
    def due_text(self) -> str:
        """Say how many would be due."""
        return text.counted(self.due, "subscription")

    @property
    def due_in_force_text(self) -> str:
        """Say how many are due now."""
        return f"{self.due_in_force:,}"


def declare(count: Count) -> Count:
    """Let what the clean-up ends be counted by this."""
    _declared.append(count)
    return count


def due(*, reactivation_days: int, at: datetime) -> int:
    """Count what the clean-up would end by this time tomorrow."""
    return sum(count(reactivation_days, at + AHEAD) for count in _declared)


def question(*, days: int, days_in_force: int, at: datetime) -> Question | None:
    """Ask where other reactivation days would end more; what is terminated cannot come back.

    Nothing is counted where the days stay as they are.
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
