"""What can be done to a subscription: by whom, at which address, and why not now. Source: domain.md 6 and 7.

The sidebar draws its buttons from this table, and docs/actions.md is compared with it. An operation asks again
under its lock: here stands what it would say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.urls import reverse

from portal import frame
from subscriptions.life import refusals as life
from subscriptions.models import Subscription
from subscriptions.policies import standing
from subscriptions.requests import operations as requests
from subscriptions.selectors import reading
from subscriptions.termination import refusals

Why = Callable[[Subscription, standing.Standing], frame.Refused | None]
Applies = Callable[[Subscription], bool]


@dataclass(frozen=True)
class Action:
    """Something that can be done to a subscription that has not ended.

    *Shape*: `code` stays for good. `permission` and `address` are those of its view. Where it `applies` and
    `why_not` has a refusal, that stands in place of the button. With `fields` it is a form that is sent at once,
    without them it opens a dialog. `says` is what it does. `without` is said to those who lack the permission;
    where it is empty, they do not hear of the action.
    """

    code: str
    label: str
    permission: str
    address: str
    says: str
    why_not: Why
    applies: Applies = lambda subscription: True
    is_dangerous: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    busy_label: str = ""
    without: str = ""


def _never(subscription: Subscription, stands: standing.Standing) -> None:
    return None


def _why_not_terminable(subscription: Subscription, stands: standing.Standing) -> frame.Refused | None:
    if stands.scheduled and stands.scheduled.has_come:
        # When its day is over, "Terminate" carries it out.
        return None if stands.scheduled.is_over else refusals.EndHasCome(stands.scheduled.on)
    return refusals.NotYetTerminable(stands.ending) if isinstance(stands.ending, standing.NotYet) else None


ACTIONS = (
    Action(
        "unsubscribe",
        "Unsubscribe",
        "subscriptions.change_renewal",
        "subscriptions:renewal",
        "Switches auto-renewal off: usable until it expires, no refund. This can be undone.",
        lambda subscription, stands: life.why_not_switched(subscription, stands=stands, wanted=False),
        applies=lambda subscription: subscription.auto_renew,
        fields={"wanted": "off"},
        busy_label="Unsubscribing …",
    ),
    Action(
        "resubscribe",
        "Resubscribe",
        "subscriptions.change_renewal",
        "subscriptions:renewal",
        "Switches auto-renewal on again.",
        lambda subscription, stands: life.why_not_switched(subscription, stands=stands, wanted=True),
        applies=lambda subscription: not subscription.auto_renew,
        fields={"wanted": "on"},
        busy_label="Resubscribing …",
    ),
    Action(
        "recover",
        "Recover",
        "subscriptions.recover_renewal",
        "subscriptions:recover",
        "Renews what failed to renew, at once: shows what the next cycle costs, and charges it.",
        _never,
        applies=reading.has_failed_to_renew,
    ),
    Action(
        "estimate",
        "What would come back?",
        "subscriptions.view_subscription",
        "subscriptions:estimate",
        "Shows what ending it on a day would give back, and changes nothing.",
        _never,
    ),
    Action(
        "end_later",
        "End later",
        "subscriptions.terminate_subscription",
        "subscriptions:end_later",
        "Schedules the end for a day ahead or the end of the running cycle, with the estimate of that day.",
        lambda subscription, stands: requests.why_not_asked(subscription, stands=stands),
        applies=lambda subscription: reading.open_request_of(subscription) is None,
    ),
    Action(
        "withdraw_end",
        "Withdraw the scheduled end",
        "subscriptions.terminate_subscription",
        "subscriptions:withdraw_end",
        "Takes a scheduled end back, with a reason, as long as it is not carried out.",
        _never,
        applies=lambda subscription: reading.open_request_of(subscription) is not None,
    ),
    Action(
        "terminate",
        "Terminate",
        "subscriptions.terminate_subscription",
        "subscriptions:terminate",
        "Ends it for good, with a reason, and gives back what the rules say. This can't be undone.",
        _why_not_terminable,
        is_dangerous=True,
        without="Your role may not terminate subscriptions.",
    ),
)


@dataclass(frozen=True)
class Offer:
    """An action as it is offered to somebody. *Shape*: where `why_not` is a sentence it can't be done now."""

    action: Action
    href: str
    why_not: str

    @property
    def button_id(self) -> str:
        """Name its button in the page: the focus comes back to it."""
        return f"{self.action.code}-button"

    @property
    def kind(self) -> Literal["danger", "secondary"]:
        """Say how its button looks."""
        return "danger" if self.action.is_dangerous else "secondary"


def offers(
    subscription: Subscription, *, stands: standing.Standing, may: Callable[[str], bool]
) -> tuple[Offer, ...]:
    """Give what is offered of a subscription from `reading.subscriptions()`, in the order of the table.

    Nothing is offered of what has ended. *Shape*: `may` tells whether somebody has a permission.
    """
    if stands.status == "terminated":
        return ()
    found = []
    for action in ACTIONS:
        if not action.applies(subscription):
            continue
        why_not = str(action.why_not(subscription, stands) or "")
        if not may(action.permission):
            if not action.without:
                continue
            why_not = why_not or action.without
        found.append(Offer(action, href=reverse(action.address, args=[subscription.uuid]), why_not=why_not))
    return tuple(found)
