"""What the steps of a scheduled end begin with, and the seal in which its estimate travels."""

from __future__ import annotations

import uuid as uuids
from datetime import date
from typing import Any

from portal.lib import days, seals
from settings_app import selectors as settings_selectors
from subscriptions.requests import operations
from subscriptions.requests.forms import EndLaterForm
from subscriptions.selectors import reading
from subscriptions.termination import operations as termination
from subscriptions.termination import steps
from subscriptions.termination.quote import quotes
from subscriptions.termination.steps import Step

PURPOSE = "end_later"


def check(step: Step) -> None:
    """Refuse where no end can be scheduled. *Raises*: AlreadyTerminated; AskedAlready; NotActive."""
    stands = reading.standing_of(step.subscription, on=step.today, reactivation_days=step.config.reactivation_days)
    if why_not := operations.why_not_asked(step.subscription, stands=stands):
        raise why_not


def form_of(step: Step, data: Any) -> EndLaterForm:
    """Ask what is asked, with the reasons of today and the end of the running cycle."""
    cycle = step.subscription.cycles.filter(first_day__lte=step.today, day_after__gt=step.today).first()
    ends = days.add_days(cycle.day_after, -1) if cycle else None
    return EndLaterForm(
        data,
        today=step.today,
        began=step.subscription.started_on,
        reasons=settings_selectors.active_reasons(),
        cycle_ends=ends if ends and ends > step.today else None,
        tomorrow=days.add_days(step.today, 1),
    )


def estimate(step: Step, form: EndLaterForm, *, ends_on: date) -> quotes.Quote:
    """Compute the estimate of the day asked for. *Raises*: what `operations.estimate` does."""
    return operations.estimate(
        step.subscription,
        ends_on=ends_on,
        asked_on=form.asked().requested_on,
        today=step.today,
        config=step.config,
    )


def seal(step: Step, quote: quotes.Quote) -> str:
    """Seal an estimate for this user and subscription. *Raises*: PreviewTooLarge."""
    payload = {
        "user": step.request.user.pk,
        "subscription": str(step.subscription.uuid),
        "quote_id": str(uuids.uuid4()),
        "quote": quotes.document(quote),
    }
    try:
        return seals.seal(payload, at=step.at, purpose=PURPOSE)
    except seals.SealTooLarge:
        raise steps.PreviewTooLarge from None


def unseal(step: Step) -> termination.Seen | None:
    """Open the seal of the form; None where it is too old, somebody else's or no seal: the estimate is shown anew.

    A request that is there already is answered as it was, whatever the age of its seal.
    """
    try:
        payload = seals.unseal(
            step.request.POST.get("seal", ""), at=step.at, purpose=PURPOSE, max_age=steps.SEAL_AGE
        )
    except seals.SealExpired as expired:
        if reading.open_request_of(step.subscription) is None:
            return None
        payload = expired.payload
    except seals.SealBroken:
        return None
    if payload["user"] != step.request.user.pk or payload["subscription"] != str(step.subscription.uuid):
        return None
    return termination.Seen(quote_id=uuids.UUID(payload["quote_id"]), document=payload["quote"])
