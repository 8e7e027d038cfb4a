"""Decide, for a stretch of a cycle, which part of its charge counts as not used: the refund methods.

Adding one is adding one function to `METHODS`. Everything after it (notes, waiver, rounding, fee) is the same
for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from portal.lib import days, text
from subscriptions.policies.shapes import BillingPlan

ALL = Fraction(1)
NOTHING = Fraction(0)


class UnknownMethod(ValueError):
    """Say that no refund method has this name."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(f'There is no refund method "{text.shown(method)}"; there are {", ".join(METHODS)}.')


@dataclass(frozen=True)
class Asked:
    """Hold what a refund method is asked about: the days a charge covers, within its cycle, on a day."""

    covered: days.Span
    cycle: days.Span
    on: date
    anchor: int
    full_refund_days: int | None
    billing_plan: BillingPlan | None


@dataclass(frozen=True)
class Share:
    """Hold a method's answer: the part of the charge that counts as not used, 0 to 1, and the word for it."""

    part: Fraction
    reason: str


MethodFunction = Callable[[Asked], Share]


def remaining_months(asked: Asked) -> Share:
    """Share out by months: those of the charge that have not begun, of all it covers."""
    not_begun = days.months_not_begun(asked.covered, on=asked.on, anchor=asked.anchor)
    return _by_stage(asked, late=Fraction(not_begun, days.months_of(asked.covered, anchor=asked.anchor)))


def remaining_days(asked: Asked) -> Share:
    """Share out by days: those of the charge after the day asked, which itself is used, of all it covers."""
    return _by_stage(asked, late=Fraction(days.days_after(asked.covered, on=asked.on), asked.covered.days))


def full(asked: Asked) -> Share:
    """Give the whole charge as long as its cycle is not over."""
    return _by_stage(asked, late=ALL)


def none(asked: Asked) -> Share:
    """Give nothing."""
    return Share(NOTHING, "method_none")


METHODS: dict[str, MethodFunction] = {
    "remaining_months": remaining_months,
    "remaining_days": remaining_days,
    "full": full,
    "none": none,
}


def method_named(name: str) -> MethodFunction:
    """Find a method.

    *Raises* `UnknownMethod`.
    """
    if name not in METHODS:
        raise UnknownMethod(name)
    return METHODS[name]


def _by_stage(asked: Asked, *, late: Fraction) -> Share:
    """Answer as the methods do alike; `late` is the part of a running cycle whose window has closed."""
    if asked.on < asked.cycle.first_day:
        return Share(ALL, "not_begun")
    is_over = asked.on >= asked.cycle.day_after
    if not is_over and _is_within_window(asked):
        return Share(ALL, "within_window")
    if asked.billing_plan == "as_incurred":
        return Share(NOTHING, "contract_late")
    if is_over:
        return Share(NOTHING, "over")
    return Share(late, "remaining" if late else "used_up")


def _is_within_window(asked: Asked) -> bool:
    if asked.full_refund_days is None:
        return False
    return (asked.on - asked.cycle.first_day).days <= asked.full_refund_days
