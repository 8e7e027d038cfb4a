"""Count what the next night would end, and what it would renew. A higher app declares how, in its `due_tonight`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from portal.lib import declarations, money, text
from settings_app import policies

# Counts the subscriptions that are due: count(reactivation_days, at).
Count = Callable[[int, datetime], int]
# In any time zone, and at whatever hour it starts, the next night is over within a day.
AHEAD = timedelta(days=1)

_declared: declarations.Declarations[list[Count]] = declarations.Declarations("due_tonight", [])


@dataclass(frozen=True)
class Renewals:
    """What the next night would renew. *Shape*: `sums` are by currency; of what `is_cut` there is more."""

    renewed: int
    refused: int
    sums: Mapping[str, Decimal]
    is_cut: bool = False

    @property
    def renewed_text(self) -> str:
        """Write how many would be renewed."""
        return text.counted(self.renewed, "subscription")

    @property
    def refused_text(self) -> str:
        """Write how many would be tried in vain."""
        return f"{self.refused:,}"

    @property
    def charged(self) -> tuple[str, ...]:
        """Write what would be charged, by currency; a comma follows all but the last."""
        sums = [
            money.display(amount, currency=currency) for currency, amount in sorted(self.sums.items()) if amount
        ]
        return (*(f"{shown}," for shown in sums[:-1]), *sums[-1:])

    def is_above(self, *, read: Mapping[str, Decimal]) -> bool:
        """Tell whether more would be charged than somebody has read."""
        return any(amount > read.get(currency, 0) for currency, amount in self.sums.items())


# Says what would be renewed at an instant: look(values, at, stop). It stops between batches when `stop` says so.
Look = Callable[[policies.Values, datetime, Callable[[], bool]], Renewals]

_looks: declarations.Declarations[list[Look]] = declarations.Declarations("due_tonight", [])


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
    _declared.so_far.append(count)
    return count


def declare_renewals(look: Look) -> Look:
    """Declare the function that says what a night would renew. *Raises*: ValueError for a second one."""
    if _looks.so_far:
        raise ValueError("It is declared already who says what a night would renew.")
    _looks.so_far.append(look)
    return look


def renewals(
    values: policies.Values, *, in_force: policies.Values, at: datetime, stop: Callable[[], bool]
) -> Renewals | None:
    """Say what the next night would renew, if it renews more than under the settings in force; None for nothing."""
    if not values.renews_more_than(in_force):
        return None
    (look,) = _looks.all()
    found = look(values, at + AHEAD, stop)
    return found if found.renewed or found.refused else None


def due(*, reactivation_days: int, at: datetime) -> int:
    """Count the subscriptions that the clean-up would end within a day."""
    return sum(count(reactivation_days, at + AHEAD) for count in _declared.all())


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
