"""The request behind a termination: who asked, when, how and why."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date
from typing import Any

from settings_app.models import TerminationReason
from subscriptions.models import Termination, TerminationRequest
from subscriptions.policies import standing
from subscriptions.termination import refusals
from subscriptions.termination.quote import quotes

LONGEST_EXPLANATION = 2000


@dataclass(frozen=True)
class CustomerRequest:
    """The request of a customer."""

    reason_code: str
    explanation: str
    requested_by: str
    requested_on: date
    channel: str
    ticket: str = ""

    @property
    def asked_on(self) -> date | None:
        """Give the day of the request."""
        return self.requested_on


@dataclass(frozen=True)
class ExpiredRequest:
    """The explanation for ending an expired subscription, which no customer asked for."""

    explanation: str

    @property
    def asked_on(self) -> date | None:
        """Give None: there was no request."""
        return None


@dataclass(frozen=True)
class ScheduledEnd:
    """An end that was asked for before: all that was said is stored, the day too."""

    uuid: uuids.UUID

    @property
    def asked_on(self) -> date | None:
        """Give None: the stored request says it."""
        return None


Request = CustomerRequest | ExpiredRequest | ScheduledEnd


def columns_of_scheduled(stored: TerminationRequest, *, quote: quotes.Quote) -> dict[str, Any]:
    """Turn a stored request into columns: it was complete when it was asked, and stays as it was.

    What has expired on its day is ended without a request, as everywhere; the explanation is kept.
    """
    if quote.case == "expired":
        return {"request_id": stored.pk, "explanation": stored.explanation}
    return {
        "request_id": stored.pk,
        "explanation": stored.explanation,
        "reason_id": stored.reason_id,
        "requested_by": stored.requested_by,
        "requested_on": stored.requested_on,
        "channel": stored.channel,
        "ticket": stored.ticket,
    }


def columns(request: Request, *, quote: quotes.Quote, began: date) -> dict[str, Any]:
    """Turn a request of now into columns. One that does not fit the case, or is incomplete, is refused.

    The reason is read under the locks, so it is still offered at the commit.

    *Units*: `began` is the first day of the subscription.
    *Raises*: RequestNotAcceptable, one class for each of its faults.
    """
    if isinstance(request, ScheduledEnd):
        raise refusals.NotScheduled
    explanation = request.explanation.strip()
    if not explanation:
        raise refusals.ExplanationMissing(most=LONGEST_EXPLANATION)
    if len(explanation) > LONGEST_EXPLANATION:
        raise refusals.ExplanationTooLong(count=len(explanation), most=LONGEST_EXPLANATION)
    if isinstance(request, ExpiredRequest):
        if quote.case != "expired":
            raise refusals.RequestMissing
        return {"explanation": explanation}
    if quote.case == "expired":
        raise refusals.RequestNotAsked
    if request.requested_on > quote.on:
        raise refusals.RequestedInTheFuture(today=quote.on)
    first = standing.first_day_to_ask(began=began, today=quote.on)
    if first and request.requested_on < first:
        raise refusals.RequestedBeforeItBegan(first)
    reason = TerminationReason.objects.filter(code=request.reason_code, is_active=True).first()
    if reason is None:
        raise refusals.ReasonNotOffered(request.reason_code)
    ticket = request.ticket.strip()
    if reason.needs_ticket and not ticket:
        raise refusals.TicketMissing(reason.label)
    if not request.requested_by.strip():
        raise refusals.RequesterMissing
    if request.channel not in Termination.Channel.values:
        raise refusals.ChannelUnknown(request.channel)
    return {
        "explanation": explanation,
        "reason_id": reason.pk,
        "requested_by": request.requested_by.strip(),
        "requested_on": request.requested_on,
        "channel": request.channel,
        "ticket": ticket,
    }
