"""Write the mail that tells of a termination, to a customer or to the provider. Pure.

All of it comes from what was written: the quote as applied, the entry, the waivers, the note. A customer reads
nothing of the portal's settings; the provider reads who asked and who did it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from portal.outbox import policies as outbox_policies
from subscriptions.policies.identity import Identity
from subscriptions.termination.quote import figures
from subscriptions.termination.words import preview as words_preview

MOST_NUMBERS = 50
LONGEST_SUBJECT = 250
# What only the staff knows of.
_INSIDE = ("Portal Config", "Allow Refund", "refund method")


@dataclass(frozen=True)
class Reserved:
    """Numbers that stay reserved through the same day."""

    through: date
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """Hold what was written of a termination.

    *Shape*: `document` is the stored quote; `estimated` is what was estimated when the end was scheduled, empty of
    one that was not.
    """

    identity: Identity
    organisation: str
    is_postpaid: bool
    terminated_on: date
    expired_on: date | None
    document: Mapping[str, Any] | None
    currency: str
    done: figures.Done
    note_total: Decimal | None
    why_nothing: str
    reserved: tuple[Reserved, ...]
    done_by: str
    requested_by: str
    requested_on: date | None
    channel: str
    reason: str
    estimated: str = ""


def text(ended: Ended, *, is_for_customer: bool, provider_name: str) -> outbox_policies.Text:
    """Write subject and text."""
    title = _line(ended.identity.title)
    if is_for_customer:
        subject = f"Your subscription {title} has ended"
    else:
        subject = f"{_line(ended.organisation)}: {title} was terminated"
    parts = [
        _what(ended),
        _when(ended, is_for_customer=is_for_customer),
        _sum(ended),
        _where(ended, is_for_customer=is_for_customer),
        [f"When it was scheduled, the estimate was {ended.estimated}."] if ended.estimated else [],
        _numbers(ended),
        [] if is_for_customer else _who(ended),
        [_line(provider_name)],
    ]
    body = "\n\n".join("\n".join(part) for part in parts if part)
    return outbox_policies.Text(subject=subject[:LONGEST_SUBJECT], body=f"{body}\n")


def _line(text: str) -> str:
    # A name may not write lines of its own.
    return outbox_policies.one_line(text)


def _what(ended: Ended) -> list[str]:
    identity = ended.identity
    said = [
        f"Organisation: {_line(ended.organisation)}",
        f"Subscription: {_line(identity.title)}",
    ]
    if identity.numbers:
        said.append(f"Numbers: {identity.numbers_text}")
    if identity.contract:
        said.append(f"Contract: {_line(identity.contract)}")
    return [*said, f"Started on: {days.display(identity.started_on)}", f"UUID: {identity.uuid}"]


def _when(ended: Ended, *, is_for_customer: bool) -> list[str]:
    on = days.display(ended.terminated_on)
    if ended.expired_on:
        return [f"It expired on {days.display(ended.expired_on)} and was ended for good on {on}."]
    asked = f", as you asked on {days.display(ended.requested_on)}" if ended.requested_on else ""
    return [f"It ended on {on}{asked if is_for_customer else ''}. It can no longer be used."]


def _sum(ended: Ended) -> list[str]:
    """Write the sum line by line, where the system gave something back."""
    if ended.document is None or not (ended.done.credited or ended.done.waived):
        return []
    preview = words_preview.preview_of(ended.document)
    said = ["What comes back:"]
    for row in preview.lines:
        said.append(f"- {row.period}: {_amounts(row, preview=preview)} {row.why}.")
        said += [
            f"  - {charge.description}: {_amounts(charge, preview=preview)} {charge.why}." for charge in row.charges
        ]
    said += [f"- Administrative fee: {preview.fee}"] if preview.fee else []
    return [*said, f"Total: {preview.total}"]


def _amounts(row: words_preview.Line | words_preview.ChargeRow, *, preview: words_preview.Preview) -> str:
    return f"{preview.currency} {row.refund} (net {row.net}, tax {row.tax})."


def _where(ended: Ended, *, is_for_customer: bool) -> list[str]:
    def shown(amount: Decimal) -> str:
        return money.display(amount, currency=ended.currency)

    done = ended.done
    credits = "your Available Credits" if is_for_customer else "Available Credits"
    if done.credited:
        said = [f"{shown(done.credited)} was added to {credits}."]
        said += ["It counts on the next monthly invoice."] if ended.is_postpaid else []
    elif done.note:
        total = f" of {shown(ended.note_total)}" if ended.note_total is not None else ""
        said = [f"Credit note {done.note}{total} is the refund."]
        said += [
            f"{shown(one.amount)} of it was applied to {one.invoice}." for one in figures.by_invoice(done.applied)
        ]
        said += [f"{shown(done.put_in)} of it was added to {credits}."] if done.put_in else []
        said += [f"{shown(done.still_waits)} of it can still be used."] if done.still_waits else []
    else:
        said = [_nothing(ended.why_nothing, is_for_customer=is_for_customer)]
    said += [
        f"{shown(one.amount)} that was not used is no longer owed on {one.invoice}."
        for one in figures.by_invoice(done.waived)
    ]
    if ended.document is not None:
        owed = figures.figures(ended.document, done=done).owed
        said += [f"{shown(one.amount)} is still owed on {one.invoice}." for one in owed]
    return said


def _nothing(why: str, *, is_for_customer: bool) -> str:
    is_inside = is_for_customer and any(word in why for word in _INSIDE)
    return f"Nothing is refunded: {why}." if why and not is_inside else "Nothing is refunded."


def _numbers(ended: Ended) -> list[str]:
    said = []
    for group in ended.reserved:
        more = len(group.numbers) - MOST_NUMBERS
        listed = ", ".join(group.numbers[:MOST_NUMBERS]) + (f" and {more:,} more" if more > 0 else "")
        said.append(f"Reserved through {days.display(group.through)}, free from the day after: {listed}")
    return said


def _who(ended: Ended) -> list[str]:
    said = [f"Ended by: {_line(ended.done_by)}"]
    if ended.requested_on:
        asked = f"{_line(ended.requested_by)} on {days.display(ended.requested_on)}"
        said.append(f"Requested by: {asked} ({_line(ended.channel)})")
    return [*said, f"Reason: {_line(ended.reason)}"] if ended.reason else said
