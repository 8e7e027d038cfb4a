"""What every step of the flow starts from, and the seal in which travels what the agent saw."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404
from django.utils import timezone

from portal import frame
from portal.lib import days, seals
from portal.lib.http import Request
from settings_app import in_force
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription, TerminationRequest
from subscriptions.selectors import reading
from subscriptions.termination import operations, refusals, requested
from subscriptions.termination.forms import ReasonForm
from subscriptions.termination.quote import quotes

PURPOSE = "terminate"
SEAL_AGE = timedelta(minutes=30)


@dataclass(frozen=True)
class Step:
    """Hold what every step starts from: who, which subscription, and the clock, read once."""

    request: Request
    subscription: Subscription
    at: datetime

    @property
    def today(self) -> date:
        return days.today_in(self.subscription.organisation.timezone, at=self.at)

    @property
    def scheduled(self) -> TerminationRequest | None:
        """Give the scheduled end whose day is over: these steps carry it out, as of that day."""
        found = reading.open_request_of(self.subscription)
        return found if found and found.ends_on < self.today else None

    @property
    def is_ended(self) -> bool:
        return getattr(self.subscription, "termination", None) is not None

    @property
    def config(self) -> settings_selectors.Config:
        return in_force.config_of(self.request)


def start(request: Request, uuid: uuids.UUID) -> Step:
    """Find the subscription and read the clock. *Raises*: Http404."""
    try:
        return Step(request, reading.find(uuid), timezone.now())
    except Subscription.DoesNotExist:
        raise Http404 from None


class PreviewTooLarge(frame.Refused):
    """A preview can't travel through a browser."""

    code = "preview_too_large"
    status = 422


def quote_of(step: Step, form: ReasonForm | None = None) -> quotes.Quote:
    """Compute what a termination would settle now. The form says when the customer asked.

    *Raises*: NotTerminable.
    """
    if stored := step.scheduled:
        return operations.quote_termination(
            step.subscription, on=stored.ends_on, config=step.config, asked_on=stored.requested_on
        )
    open_one = reading.open_request_of(step.subscription)
    if open_one and open_one.ends_on <= step.today:
        raise refusals.EndHasCome(open_one.ends_on)
    asked_on = form.asked().requested_on if form and form.is_valid() else None
    return operations.quote_termination(step.subscription, on=step.today, config=step.config, asked_on=asked_on)


def reason_form(step: Step, data: Any, **initial: str) -> ReasonForm:
    """Ask for the reason, with the reasons that are offered today."""
    reasons = settings_selectors.active_reasons()
    began = step.subscription.started_on
    if stored := step.scheduled:
        # It was offered when it was asked.
        reason = stored.reason
        reasons = (settings_selectors.Reason(reason.code, reason.label, needs_ticket=reason.needs_ticket),)
        data = {
            "reason": reason.code,
            "explanation": stored.explanation,
            "requested_by": stored.requested_by,
            "requested_on": stored.requested_on,
            "channel": stored.channel,
            "ticket": stored.ticket,
        }
    return ReasonForm(data, today=step.today, began=began, reasons=reasons, initial=initial)


def request_of(step: Step, form: ReasonForm) -> requested.Request:
    """Give what is asked: what the form says, or the scheduled end that is carried out."""
    return requested.ScheduledEnd(step.scheduled.uuid) if step.scheduled else form.asked()


# ---- The seal -----------------------------------------------------------------------------------------------


class SealRefused(refusals.ShownAnew):
    """The seal is not taken."""


class SealTooOld(SealRefused):
    """The preview was sealed too long ago."""

    code = "preview_too_old"


class SealOfSomebodyElse(SealRefused):
    """The preview was sealed for another user."""

    code = "preview_of_somebody_else"


class SealUnreadable(SealRefused):
    """The seal was not made here, or is that of another subscription."""

    code = "preview_unreadable"
    status = 422


def seal(step: Step, quote: quotes.Quote) -> str:
    """Seal a quote for this user and subscription. *Raises*: PreviewTooLarge."""
    return seal_seen(step, operations.Seen(quote_id=uuids.uuid4(), document=quotes.document(quote)))


def seal_seen(step: Step, seen: operations.Seen) -> str:
    """Seal what was seen once more, with the notes that are offered now. *Raises*: PreviewTooLarge."""
    payload = {
        "user": step.request.user.pk,
        "subscription": str(step.subscription.uuid),
        "quote_id": str(seen.quote_id),
        "quote": seen.document,
        "offered": dict(seen.offered),
    }
    try:
        return seals.seal(payload, at=step.at, purpose=PURPOSE)
    except seals.SealTooLarge:
        raise PreviewTooLarge from None


def unseal(step: Step, fresh: quotes.Quote | None = None) -> operations.Seen:
    """Open the seal of the form; what is terminated already is answered by `terminate`, whatever its age.

    *Raises*: SealTooOld; SealOfSomebodyElse; SealUnreadable; NotTerminable.
    """
    try:
        payload = seals.unseal(step.request.POST.get("seal", ""), at=step.at, purpose=PURPOSE, max_age=SEAL_AGE)
    except seals.SealExpired as expired:
        if not step.is_ended:
            raise SealTooOld(fresh or quote_of(step)) from None
        payload = expired.payload
    except seals.SealBroken:
        payload = {}
    mine = payload.get("user") == step.request.user.pk
    if mine and payload.get("subscription") == str(step.subscription.uuid):
        return operations.Seen(
            quote_id=uuids.UUID(payload["quote_id"]),
            document=payload["quote"],
            offered=payload["offered"],
        )
    fresh = fresh or quote_of(step)
    if payload and not mine:
        raise SealOfSomebodyElse(fresh)
    raise SealUnreadable(fresh)
