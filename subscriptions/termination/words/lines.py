"""Say of a cycle, and of each charge, what comes back and why, so that the amounts can be computed again. Pure.

A charge gives `net x share` and `tax x share`, each rounded half up; the words name the share ("4 of 7 months not
begun"), what notes gave back before, and what is waived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, text
from subscriptions.termination.quote import lines

Show = Callable[[Decimal], str]


@dataclass(frozen=True)
class Case:
    """Hold what the words of every line depend on.

    *Shape*: `show` writes an amount with the quote's currency, `plain` without it, for columns.
    """

    terms: Mapping[str, Any]
    anchor: int
    on: date
    schema: int
    show: Show
    plain: Show


def of_line(line: Mapping[str, Any], *, case: Case) -> str:
    """Say why a cycle gives what it gives; where something is taken off, what was there and what went."""
    charges = line["charges"]
    reason = line["reason"]
    if case.schema >= lines.SCHEMA_WITH_WORDS and reason != "expired":
        if not charges:
            return "Nothing was charged for it"
        if len(charges) == 1:
            return of_charge(charges[0], case=case)
        if len({_share(charge, case=case) for charge in charges}) > 1:
            head = "Each charge by what it covers"
            return _sum(head, line=line, is_whole=False, case=case)
        head, is_whole = _head(charges[0], case=case)
        reason = charges[0]["reason"]
    else:
        head, is_whole = _head(line, case=case, span=span_of(line))
    if not head:
        return _nothing(reason, given=Decimal(line["credited"]), case=case)
    return _sum(head, line=line, is_whole=is_whole, case=case)


def of_charge(charge: Mapping[str, Any], *, case: Case) -> str:
    """Say the same of one charge, by the months or days that it covers."""
    head, is_whole = _head(charge, case=case)
    if not head:
        return _nothing(charge["reason"], given=Decimal(charge["credited"]), case=case)
    return _cut(
        head,
        is_whole=is_whole,
        value=Decimal(charge["value"]),
        left=Decimal(charge["left"]),
        waived=Decimal(charge["waived"]),
        case=case,
    )


def of_earlier(given: Decimal, *, case: Case) -> str:
    """Say it of the earlier cycles that give nothing, together."""
    return _nothing("over", given=given, case=case)


def _sum(head: str, *, line: Mapping[str, Any], is_whole: bool, case: Case) -> str:
    return _cut(
        head,
        is_whole=is_whole,
        value=sum((Decimal(charge["value"]) for charge in line["charges"]), Decimal(0)),
        left=sum((Decimal(charge["left"]) for charge in line["charges"]), Decimal(0)),
        waived=Decimal(line["waived"]),
        case=case,
    )


def _cut(head: str, *, is_whole: bool, value: Decimal, left: Decimal, waived: Decimal, case: Case) -> str:
    given = value - left
    if given or waived:
        parts = [f"{head}: {case.show(value)}{' in full' if is_whole else ''}"]
        parts += [f"less {case.show(given)} already given back"] if given else []
        # What was not paid does not come back; whether it is waived too is for Allow Refund to say.
        parts += (
            [f"less {case.show(waived)} {'waived' if case.terms['allow_refund'] else 'not paid'}"] if waived else []
        )
        return ", ".join(parts)
    return f"{head}: comes back in full" if is_whole else head


def _share(charge: Mapping[str, Any], *, case: Case) -> tuple[str, str]:
    """Name what a charge is shared out by: its word, and the words for its part."""
    return charge["reason"], _head(charge, case=case)[0]


def _head(of: Mapping[str, Any], *, case: Case, span: days.Span | None = None) -> tuple[str, bool]:
    """Name the part that comes back, and say whether it is all; empty where nothing does.

    *Shape*: of a charge that counts its months and days itself, or of a cycle's `span`.
    """
    reason = of["reason"]
    if reason == "not_begun":
        return "Not begun", True
    if reason == "within_window":
        return _window(case.terms["full_refund_days"]), True
    if reason != "remaining":
        return "", False
    if case.terms["refund_method"] == "full":
        return "Running", True
    if case.terms["refund_method"] == "remaining_days":
        left, all_days = (
            (of["days_left"], of["days"]) if span is None else (days.days_after(span, on=case.on), span.days)
        )
        return f"{left:,} of {text.counted(all_days, 'day')} left", False
    left, all_months = (
        (of["months_left"], of["months"])
        if span is None
        else (
            days.months_not_begun(span, on=case.on, anchor=case.anchor),
            days.months_of(span, anchor=case.anchor),
        )
    )
    return f"{left} of {text.counted(all_months, 'month')} not begun", False


def _window(full_refund_days: int) -> str:
    if not full_refund_days:
        return "On the day of activation"
    return f"Within {text.counted(full_refund_days, 'day')} of activation"


def span_of(line: Mapping[str, Any]) -> days.Span:
    """Read the days of a cycle."""
    return days.Span.inclusive(date.fromisoformat(line["starts_on"]), date.fromisoformat(line["ends_on"]))


def _nothing(reason: str, *, given: Decimal, case: Case) -> str:
    why = {
        "over": "Over: nothing comes back",
        "used_up": "The last month has begun: nothing comes back"
        if case.terms["refund_method"] != "remaining_days"
        else "No day is left: nothing comes back",
        "trial": "Trial: nothing comes back",
        "external_invoice": "External invoice: the balance was never charged",
        "milestone": "Milestone contract: nothing comes back",
        "contract_late": "As-incurred contract, after the full-refund days: nothing comes back",
        "expired": "Expired: nothing comes back",
        "method_none": "The refund method is “None”: nothing comes back",
    }[reason]
    return f"{why}; {case.show(given)} was given back before" if given else why
