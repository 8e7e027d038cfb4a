"""Ask for the end of a subscription on a later day, and withdraw it: one transaction each."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription, TerminationRequest
from subscriptions.policies import standing
from subscriptions.requests import refusals
from subscriptions.requests.operations import messages
from subscriptions.selectors import naming, reading
from subscriptions.termination import operations as termination
from subscriptions.termination import refusals as termination_refusals
from subscriptions.termination import requested
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import quoting
from subscriptions.termination.words import scheduled

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Asked:
    """Hold the request, and whether this call wrote it or gives the first answer again."""

    request: TerminationRequest
    is_repeat: bool


def why_not_asked(subscription: Subscription, *, stands: standing.Standing) -> frame.Refused | None:
    """Say why no end can be scheduled of what comes from `reading.subscriptions()`; else None."""
    if stands.status == "terminated":
        return termination_refusals.AlreadyTerminated.of(subscription)
    if open_one := reading.open_request_of(subscription):
        return refusals.AskedAlready(open_one.ends_on, by=open_one.actor)
    if stands.status == "expired":
        return refusals.NotActive(subscription.expires_on)
    return None


def estimate(
    subscription: Subscription,
    *,
    ends_on: date,
    asked_on: date | None,
    today: date,
    config: settings_selectors.Config,
) -> quotes.Quote:
    """Compute what the end on a later day would settle, from what is known today; asking compares it. Reads only.

    *Raises*: AlreadyTerminated; AskedAlready; NotActive; NotAhead; AfterExpiry.
    """
    stands = reading.standing_of(subscription, on=today, reactivation_days=config.reactivation_days)
    if why_not := why_not_asked(subscription, stands=stands):
        raise why_not
    if ends_on <= today:
        raise refusals.NotAhead(days.add_days(today, 1))
    if not subscription.auto_renew and ends_on > subscription.expires_on:
        raise refusals.AfterExpiry(subscription.expires_on)
    return quoting.estimate_of(subscription, on=ends_on, config=config, asked_on=asked_on)


def ask(
    *,
    subscription_uuid: uuids.UUID,
    request: requested.CustomerRequest,
    ends_on: date,
    seen: termination.Seen,
    by: frame.Actor,
    at: datetime,
) -> Asked:
    """Keep the request to end a subscription on a later day, with the estimate as it was seen.

    The same form sent again by the same person gives the first answer.

    *Units*: `ends_on` is the last day of use, in the organisation's zone.
    *Raises*: Subscription.DoesNotExist; AlreadyTerminated; AskedAlready; NotActive; NotAhead; AfterExpiry;
    EstimateChanged; RequestNotAcceptable; KeyReused.
    *Source*: domain.md 7.
    """
    key = frame.Key(seen.quote_id, {"subscription": subscription_uuid, "ends_on": ends_on}, by=by, at=at)
    with frame.operation("ask_end", key=key) as earlier:
        if earlier is not None:
            return Asked(TerminationRequest.objects.get(uuid=earlier), is_repeat=True)
        config = settings_selectors.locked_config()
        subscription = reading.locked(subscription_uuid)
        today = days.today_in(subscription.organisation.timezone, at=at)
        quote = estimate(subscription, ends_on=ends_on, asked_on=request.requested_on, today=today, config=config)
        document = quotes.document(quote)
        if document != seen.document:
            raise refusals.EstimateChanged(quote, ends_on=ends_on)
        if request.requested_on > today:
            raise termination_refusals.RequestedInTheFuture(today=today)
        columns = requested.columns(request, quote=quote, began=subscription.started_on)
        stored = TerminationRequest.objects.create(
            uuid=key.outcome,
            subscription=subscription,
            organisation=subscription.organisation,
            ends_on=ends_on,
            quote=document,
            actor=by.name,
            actor_user_id=cast("int", by.user_id),  # people ask, and nobody else
            asked_at=at,
            asked_on=today,
            **columns,
        )
        _tell(
            "termination.asked",
            subscription,
            stored=stored,
            config=config,
            told=f"Ends on {days.display(ends_on)}. Estimated today: {scheduled.estimate(document)}.",
            data={
                "requested_by": stored.requested_by,
                "requested_on": stored.requested_on,
                "channel": stored.channel,
                "reason": request.reason_code,
                "currency": quote.currency,
                "estimate": quote.to_credits,
                "estimated_waiver": quote.refund.waived if quote.is_waiving else Decimal(0),
            },
            by=by,
            at=at,
        )
    return Asked(stored, is_repeat=False)


def withdraw(
    *, subscription_uuid: uuids.UUID, request_uuid: uuids.UUID, reason: str, by: frame.Actor, at: datetime
) -> TerminationRequest:
    """Withdraw a request that is open; its subscription then goes on as if nobody had asked.

    *Raises*: Subscription.DoesNotExist; NoneOpen (also a double click, or where another one is open by now);
    WhyMissing; WhyTooLong.
    """
    said = reason.strip()
    if not said:
        raise refusals.WhyMissing
    if len(said) > LONGEST_REASON:
        raise refusals.WhyTooLong(count=len(said), most=LONGEST_REASON)
    with frame.operation("withdraw_end"):
        config = settings_selectors.current_config()
        subscription = reading.locked(subscription_uuid)
        stored = lock_open(subscription)
        if stored.uuid != request_uuid:
            raise refusals.NoneOpen
        stored.state = TerminationRequest.State.WITHDRAWN
        stored.closed_at, stored.closed_by, stored.closed_by_user_id = at, by.name, by.user_id
        stored.withdrawal_reason = said
        stored.save(update_fields=["state", "closed_at", "closed_by", "closed_by_user", "withdrawal_reason"])
        _tell(
            "termination.withdrawn",
            subscription,
            stored=stored,
            config=config,
            told=f"The end on {days.display(stored.ends_on)} is withdrawn: {said}",
            data={"reason": said},
            by=by,
            at=at,
        )
    return stored


@dataclass(frozen=True)
class Why:
    """Hold why a request is not carried out by itself. *Shape*: `values` are plain JSON."""

    code: str
    values: dict[str, Any]
    sentence: str


def wait_for_person(
    *, request_uuid: uuids.UUID, subscription_uuid: uuids.UUID, why: Why, by: frame.Actor, at: datetime
) -> bool:
    """Keep why a request was not carried out by itself; it waits for a person from now on.

    Gives False where it is no longer open, or waits already.
    """
    with frame.operation("wait_for_person"):
        config = settings_selectors.current_config()
        subscription = reading.locked(subscription_uuid)
        stored = reading.open_request_of(subscription)
        if stored is None or stored.uuid != request_uuid or stored.needs_person:
            # Nothing is written, so that nothing is to be told.
            return False
        stored = lock_open(subscription)
        stored.needs_person_since = at
        stored.refusal_code, stored.refusal_values = why.code, why.values
        stored.refusal_sentence = why.sentence
        stored.save(update_fields=["needs_person_since", "refusal_code", "refusal_values", "refusal_sentence"])
        _tell(
            "termination.needs_person",
            subscription,
            stored=stored,
            config=config,
            told=f"The end on {days.display(stored.ends_on)} needs a person: {why.sentence}",
            data={"refusal": why.code, "values": why.values, "sentence": why.sentence},
            by=by,
            at=at,
        )
    return True


def lock_open(subscription: Subscription) -> TerminationRequest:
    """Lock the open request of a locked subscription. *Raises*: NoneOpen."""
    found = (
        TerminationRequest.objects.select_for_update(no_key=True, of=("self",))
        .filter(subscription=subscription, state=TerminationRequest.State.OPEN)
        .first()
    )
    if found is None:
        raise refusals.NoneOpen
    return found


def _tell(
    kind: str,
    subscription: Subscription,
    *,
    stored: TerminationRequest,
    config: settings_selectors.Config,
    told: str,
    data: dict[str, Any],
    by: frame.Actor,
    at: datetime,
) -> None:
    """Record what became of a request as an event of its subscription, with its message."""
    event_id = audit_operations.record(
        kind,
        sentence=f"Subscription {naming.identity_of(subscription).named}: {told}",
        subject=audit_operations.Subject("subscription", subscription.uuid),
        data={"request": stored.uuid, "ends_on": stored.ends_on, **data, "told": told},
        by=by,
        at=at,
        organisation=audit_operations.Affected(subscription.organisation.uuid, subscription.organisation.name),
    )
    messages.write(kind, event_id=event_id, subscription=subscription, stored=stored, config=config, at=at)
