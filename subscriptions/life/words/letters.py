"""Write the day's message about an organisation's renewals that were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.lib import days
from portal.outbox import policies as outbox_policies
from subscriptions.policies.identity import Identity

LONGEST_SUBJECT = 250


@dataclass(frozen=True)
class Refused:
    """A renewal that was refused. *Shape*: `why` is a sentence; `usable_through` is its expiry date."""

    identity: Identity
    usable_through: date
    why: str


def text(
    refused: Sequence[Refused], *, organisation: str, tried_on: date, is_for_customer: bool, provider_name: str
) -> outbox_policies.Text:
    """Write subject and text; each subscription with its reason."""
    name = outbox_policies.one_line(organisation)
    if is_for_customer:
        subject = (
            "Your renewal was refused" if len(refused) == 1 else f"{len(refused):,} of your renewals were refused"
        )
    else:
        subject = f"{name}: " + (
            "a renewal was refused" if len(refused) == 1 else f"{len(refused):,} renewals were refused"
        )
    parts = [[f"Organisation: {name}", f"Tried on: {days.display(tried_on)}"]]
    parts += [
        [
            f"Subscription: {outbox_policies.one_line(one.identity.line)}",
            f"Not renewed: {outbox_policies.one_line(one.why)}",
            f"Usable through: {days.display(one.usable_through)}",
        ]
        for one in refused
    ]
    parts += [["It is tried again every day until it expires."], [outbox_policies.one_line(provider_name)]]
    body = "\n\n".join("\n".join(part) for part in parts)
    return outbox_policies.Text(subject=subject[:LONGEST_SUBJECT], body=f"{body}\n")
