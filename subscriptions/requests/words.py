"""Write the messages that tell what becomes of a scheduled end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal.lib import days
from portal.outbox import policies as outbox_policies
from subscriptions.policies.identity import Identity

ASKED, WITHDRAWN, NEEDS_PERSON = "end_scheduled", "end_withdrawn", "end_needs_person"
LONGEST_SUBJECT = 250


@dataclass(frozen=True)
class Scheduled:
    """Hold what is told of a scheduled end. *Shape*: `why` says why it was withdrawn, or waits for a person."""

    identity: Identity
    organisation: str
    ends_on: date
    requested_by: str
    requested_on: date
    why: str = ""


def text(kind: str, *, scheduled: Scheduled, is_for_customer: bool, provider_name: str) -> outbox_policies.Text:
    """Write subject and text."""
    title = outbox_policies.one_line(scheduled.identity.title)
    name = outbox_policies.one_line(scheduled.organisation)
    day = days.display(scheduled.ends_on)
    what = f"Your subscription {title}" if is_for_customer else f"{name}: {title}"
    subject, said = _said(kind, scheduled=scheduled, what=what, day=day, is_for_customer=is_for_customer)
    asked = f"{outbox_policies.one_line(scheduled.requested_by)} on {days.display(scheduled.requested_on)}"
    parts = [
        [
            f"Organisation: {name}",
            f"Subscription: {outbox_policies.one_line(scheduled.identity.line)}",
            f"UUID: {scheduled.identity.uuid}",
        ],
        said,
        [] if is_for_customer else [f"Requested by: {asked}"],
        [outbox_policies.one_line(provider_name)],
    ]
    body = "\n\n".join("\n".join(part) for part in parts if part)
    return outbox_policies.Text(subject=subject[:LONGEST_SUBJECT], body=f"{body}\n")


def _said(kind: str, *, scheduled: Scheduled, what: str, day: str, is_for_customer: bool) -> tuple[str, list[str]]:
    why = outbox_policies.one_line(scheduled.why)
    if kind == ASKED:
        asked = f", as you asked on {days.display(scheduled.requested_on)}" if is_for_customer else ""
        return f"{what} ends on {day}", [
            f"It ends on {day}{asked}. It can be used on that day for the last time.",
            "Until then the end can be withdrawn.",
        ]
    if kind == WITHDRAWN:
        said = [f"The end on {day} is withdrawn. It goes on."]
        return f"{what} does not end on {day}", said if is_for_customer else [*said, f"Reason: {why}"]
    return f"{what} could not be ended by itself", [
        f"It was to end on {day}, and waits for a person: {why}",
        "Open the subscription and press “Terminate”; it ends as of that day.",
    ]
