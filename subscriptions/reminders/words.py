"""Write the messages that tell ahead. Pure: what they tell is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.lib import days
from portal.outbox import policies as outbox_policies
from subscriptions.policies.identity import Identity
from subscriptions.reminders.selectors import EXPIRY, RENEWAL, RESERVATION

MOST_LISTED = 20
LONGEST_SUBJECT = 250


@dataclass(frozen=True)
class Item:
    """One thing that is told. *Shape*: `number` is empty where it is about the whole subscription."""

    identity: Identity
    number: str
    on: date

    @property
    def name(self) -> str:
        """Name it in one line."""
        return self.number or outbox_policies.one_line(self.identity.line)


_NOUNS = {RENEWAL: "subscription", EXPIRY: "subscription", RESERVATION: "number"}
_ONE = {
    RENEWAL: "renews on {day}",
    EXPIRY: "expires after {day} and is not renewed",
    RESERVATION: "is reserved until {day}",
}
_MANY = {
    RENEWAL: "renew soon, the first on {day}",
    EXPIRY: "expire soon and are not renewed, the first after {day}",
    RESERVATION: "will be free soon, the first after {day}",
}
_BEFORE = {RENEWAL: "renews on", EXPIRY: "expires after", RESERVATION: "reserved until"}
_MEANS = {
    RENEWAL: "The next cycle is charged on that day to Available Credits.",
    EXPIRY: "It can be used on that day for the last time. If it should go on, tell us before.",
    RESERVATION: "From the day after somebody else can get it.",
}


def text(
    kind: str, *, items: Sequence[Item], count: int, organisation: str, is_for_customer: bool, provider_name: str
) -> outbox_policies.Text:
    """Write subject and text. *Shape*: `items` are the first of `count`, by their days."""
    name = outbox_policies.one_line(organisation)
    day = days.display(items[0].on)
    noun = _NOUNS[kind]
    if count == 1:
        what = items[0].name if items[0].number else outbox_policies.one_line(items[0].identity.title)
        said = _ONE[kind].format(day=day)
        subject = f"Your {noun} {what} {said}" if is_for_customer else f"{name}: {what} {said}"
    else:
        said = f"{count:,} {'of your ' if is_for_customer else ''}{noun}s {_MANY[kind].format(day=day)}"
        subject = said if is_for_customer else f"{name}: {said}"
    listed = [f"- {item.name}: {_BEFORE[kind]} {days.display(item.on)}" for item in items[:MOST_LISTED]]
    more = count - len(listed)
    parts = [
        [f"Organisation: {name}"],
        [*listed, *([f"and {more:,} more"] if more else [])],
        [_MEANS[kind]],
        [outbox_policies.one_line(provider_name)],
    ]
    body = "\n\n".join("\n".join(part) for part in parts)
    return outbox_policies.Text(subject=subject[:LONGEST_SUBJECT], body=f"{body}\n")
