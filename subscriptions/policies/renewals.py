"""Say whether a subscription may be renewed on a day, or why not. Pure. Source: domain.md 7.

The nightly renewal asks the same in SQL (`life/selectors/due.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, assert_never

from portal.lib import days, money
from subscriptions.policies.next_cycle import NoTaxRate
from subscriptions.policies.shapes import BillingPlan

DAYS_AHEAD = 7
"""The renewal date is so many days before the expiry date."""


def renewal_date(expires_on: date) -> date:
    """Give the day from which a subscription renews."""
    return days.add_days(expires_on, -DAYS_AHEAD)


@dataclass(frozen=True)
class Facts:
    """Hold what a renewal depends on.

    *Shape*: `expires_on` is the last day of the last cycle, of which `has_external_charge` tells. `requested_end`
    is the day of an open request to end it. `was_tried_in_time` tells whether a renewal after this cycle was
    refused before it expired. `next_cycle` is None where no cycle is known.
    """

    currency: str
    expires_on: date
    auto_renew: bool
    is_terminated: bool
    is_made_here: bool
    is_organisation_active: bool
    is_trial: bool
    billing_plan: BillingPlan | None
    contract_ends_on: date | None
    has_external_charge: bool
    requested_end: date | None
    was_tried_in_time: bool
    next_cycle: days.Span | None


@dataclass(frozen=True)
class HasEnded:
    """It was terminated."""

    code: ClassVar[str] = "has_ended"


@dataclass(frozen=True)
class MadeElsewhere:
    """Its renewals are made elsewhere."""

    code: ClassVar[str] = "made_elsewhere"


@dataclass(frozen=True)
class IsTrial:
    """A trial ends on its day."""

    code: ClassVar[str] = "is_trial"


@dataclass(frozen=True)
class UnderMilestoneContract:
    """Its contract is billed by milestones."""

    code: ClassVar[str] = "under_milestone_contract"


@dataclass(frozen=True)
class AutoRenewalOff:
    """Auto-renewal is off."""

    code: ClassVar[str] = "auto_renewal_off"


@dataclass(frozen=True)
class ChargedElsewhere:
    """Its last cycle was charged elsewhere, so the next one may be as well."""

    code: ClassVar[str] = "charged_elsewhere"


@dataclass(frozen=True)
class EndRequested:
    """Its end is requested for a day up to the end of the last cycle, or that has come."""

    code: ClassVar[str] = "end_requested"

    on: date


@dataclass(frozen=True)
class NotDueYet:
    """Its renewal date is still to come."""

    code: ClassVar[str] = "not_due_yet"

    renews_from: date


@dataclass(frozen=True)
class TooLate:
    """It expired too long ago, or was tried in time and refused."""

    code: ClassVar[str] = "too_late"

    expired_on: date
    was_tried: bool


@dataclass(frozen=True)
class OrganisationSuspended:
    """Its organisation is suspended."""

    code: ClassVar[str] = "organisation_suspended"


@dataclass(frozen=True)
class NoCycleKnown:
    """None of its cycles is known, so nobody knows what the next one is."""

    code: ClassVar[str] = "no_cycle_known"


@dataclass(frozen=True)
class PassesItsContract:
    """The next cycle would go on after its as-incurred contract."""

    code: ClassVar[str] = "passes_its_contract"

    contract_ends_on: date
    last_day: date


@dataclass(frozen=True)
class UnknownCurrency:
    """Its currency is none that is known, so nothing can be rounded."""

    code: ClassVar[str] = "unknown_currency"

    currency: str


# These are nobody's failure: nothing is tried, nothing is told.
NotTried = (
    HasEnded
    | MadeElsewhere
    | IsTrial
    | UnderMilestoneContract
    | AutoRenewalOff
    | ChargedElsewhere
    | EndRequested
    | NotDueYet
    | TooLate
)
# A renewal was due, and is refused.
Failure = OrganisationSuspended | NoCycleKnown | PassesItsContract | UnknownCurrency | NoTaxRate
WhyNot = NotTried | Failure


def why_not(facts: Facts, *, on: date, reactivation_days: int) -> WhyNot | None:
    """Say why a subscription may not be renewed on a day; None where it may."""
    return why_not_tried(facts, on=on, reactivation_days=reactivation_days) or why_it_fails(facts)


def why_not_tried(facts: Facts, *, on: date, reactivation_days: int) -> NotTried | None:
    """Say why no renewal is tried on a day; None where one is."""
    if facts.is_terminated:
        return HasEnded()
    if not facts.is_made_here:
        return MadeElsewhere()
    if facts.is_trial:
        return IsTrial()
    if facts.billing_plan == "milestone":
        return UnderMilestoneContract()
    if not facts.auto_renew:
        return AutoRenewalOff()
    if facts.has_external_charge:
        return ChargedElsewhere()
    if facts.requested_end and facts.requested_end <= max(facts.expires_on, on):
        return EndRequested(facts.requested_end)
    if (on - facts.expires_on).days < -DAYS_AHEAD:
        return NotDueYet(renewal_date(facts.expires_on))
    if on > facts.expires_on and (facts.was_tried_in_time or (on - facts.expires_on).days > reactivation_days):
        return TooLate(facts.expires_on, was_tried=facts.was_tried_in_time)
    return None


def why_it_fails(facts: Facts) -> Failure | None:
    """Say why a renewal that is due is refused, but for money and tax; None where it is not."""
    if not facts.is_organisation_active:
        return OrganisationSuspended()
    if facts.next_cycle is None:
        return NoCycleKnown()
    ends_on = facts.contract_ends_on
    if facts.billing_plan == "as_incurred" and ends_on and facts.next_cycle.last_day > ends_on:
        return PassesItsContract(ends_on, last_day=facts.next_cycle.last_day)
    return None if money.is_currency(facts.currency) else UnknownCurrency(facts.currency)


def paid_for(needed: Sequence[Decimal], *, available: Decimal) -> tuple[bool, ...]:
    """Say which sums Available Credits pay for: each whole or not at all, the earlier ones first. 0 needs none."""
    answers, left = [], available
    for amount in needed:
        is_paid = not amount or amount <= left
        answers.append(is_paid)
        if is_paid:
            left -= amount
    return tuple(answers)


def why_not_renewed(why: WhyNot) -> str:
    """Say why a subscription is not renewed, and what can be done: the sentence for every attempt."""
    match why:
        case HasEnded():
            return "This subscription was terminated. A termination cannot be undone."
        case MadeElsewhere():
            return "The renewals of this product are made elsewhere: its cycles come with an import."
        case IsTrial():
            return "A trial does not renew."
        case UnderMilestoneContract():
            return "Its contract is billed by milestones, so it does not renew."
        case AutoRenewalOff():
            return "Auto-renewal is off. Resubscribe first."
        case ChargedElsewhere():
            return "Its last cycle was invoiced elsewhere, so the next one may be as well. Import it."
        case EndRequested(on=on):
            return f"Its end is requested for {days.display(on)}. Withdraw the request first."
        case NotDueYet(renews_from=first):
            return f"It renews from {days.display(first)}."
        case TooLate(expired_on=expired_on, was_tried=was_tried):
            tried = ", and its renewal was refused until then" if was_tried else ", too long ago"
            return f"It expired on {days.display(expired_on)}{tried}."
        case OrganisationSuspended():
            return "The organisation is suspended."
        case NoCycleKnown():
            return "None of its cycles is known here, so nobody knows what the next one is. Import its last one."
        case PassesItsContract(contract_ends_on=ends_on, last_day=last_day):
            return (
                f"The next cycle would end on {days.display(last_day)}, after its contract, which ends on "
                f"{days.display(ends_on)}."
            )
        case UnknownCurrency(currency=currency):
            return str(money.UnknownCurrency(currency))
        case NoTaxRate(country=country, on=on):
            return f"There is no tax rate of {country} on {days.display(on)}. Enter it in Portal Settings."
        case _:
            assert_never(why)
