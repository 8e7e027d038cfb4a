"""Terminate one subscription: lock, check, compute, compare, write - in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection

from customers import operations as customers_operations
from customers.models import CreditAccount
from invoicing import operations as invoicing_operations
from portal import frame
from portal.lib import days, text
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription, Termination, TerminationRequest
from subscriptions.policies import standing
from subscriptions.selectors import naming, reading
from subscriptions.termination import refusals, requested, settlement
from subscriptions.termination.quote import acknowledgements, notes, quotes
from subscriptions.termination.selectors import credit_notes, quoting
from subscriptions.termination.words import scheduled, told
from subscriptions.termination.writer import terminations


@dataclass(frozen=True)
class Seen:
    """Hold what the agent saw: the quote as a document, the id of that preview, and the notes that were offered.

    *Shape*: `offered` gives, by number, the status of each note and what was unused of it, as `offer_of` writes it.
    """

    quote_id: uuid.UUID
    document: dict[str, Any]
    offered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Hold the termination, and whether this call wrote it or gives the first answer again."""

    termination: Termination
    is_repeat: bool


@dataclass(frozen=True)
class Preview:
    """Hold what `terminate` compares, and the keys of what has to be confirmed for a choice."""

    seen: Seen
    to_confirm: tuple[str, ...]


def quote_termination(
    subscription: Subscription, *, on: date, config: settings_selectors.Config, asked_on: date | None = None
) -> quotes.Quote:
    """Compute what a termination would settle on a day; preview and commit share it. Reads only.

    *Raises*: NotYetTerminable; AlreadyTerminated.
    """
    quote = quoting.quote_of(subscription, on=on, config=config, asked_on=asked_on)
    match quote:
        case standing.Ended():
            raise refusals.AlreadyTerminated.of(subscription)
        case standing.NotYet():
            raise refusals.NotYetTerminable(quote)
    return quote


def preview_termination(
    *,
    subscription_uuid: uuid.UUID,
    on: date,
    config: settings_selectors.Config,
    choice: quotes.Choice,
    asked_on: date | None = None,
) -> Preview:
    """Look at a termination as somebody does who makes this choice. Reads only.

    *Raises*: Subscription.DoesNotExist; NotYetTerminable; AlreadyTerminated; CreditNoteNotUsable.
    """
    subscription = reading.find(subscription_uuid)
    quote = quote_termination(subscription, on=on, config=config, asked_on=asked_on)
    offered: dict[str, str] = {}
    required = acknowledgements.of_automatic(quote)
    if isinstance(choice, quotes.LinkNote):
        note = credit_notes.chosen_note(subscription, quote=quote, number=choice.number)
        if note is None:
            raise refusals.CreditNoteNotUsable(choice.number)
        offered = {note.number: notes.offer_of(note, currency=quote.currency)}
        required = acknowledgements.of_note(quote, note=note)
    return Preview(
        seen=Seen(quote_id=uuid.uuid4(), document=quotes.document(quote), offered=offered),
        to_confirm=tuple(item.key for item in required),
    )


def terminate(
    *,
    subscription_uuid: uuid.UUID,
    request: requested.Request,
    choice: quotes.Choice,
    acknowledged: Sequence[str],
    seen: Seen,
    by: frame.Actor,
    at: datetime,
) -> Outcome:
    """Terminate a subscription exactly as it was previewed, or write nothing.

    The same preview sent again by the same person gives the first answer, whatever else is sent with it.

    *Units*: `at` is the instant of the commit; the termination date is its day in the organisation's zone. A
    scheduled end has the day asked for, which is over by then: status and cycles count as on that day.
    *Raises*: Subscription.DoesNotExist; AlreadyTerminated; NotYetTerminable; EndHasCome; NotScheduled; DayNotOver;
    QuoteChanged; CreditNoteChanged; CreditNoteNotUsable; AcknowledgementMissing; RequestNotAcceptable;
    CreditsOutOfRange; KeyReused.
    *Source*: domain.md 2 to 5 and 7.
    """
    key = frame.Key(seen.quote_id, {"subscription": subscription_uuid}, by=by, at=at)
    with frame.operation("terminate", key=key) as earlier:
        if earlier is not None:
            ended = reading.subscriptions().get(termination__uuid=earlier)
            return Outcome(ended.termination, is_repeat=True)
        config = settings_selectors.locked_config()
        subscription = reading.locked(subscription_uuid)
        if getattr(subscription, "termination", None) is not None:
            raise refusals.AlreadyTerminated.of(subscription)
        today = days.today_in(subscription.organisation.timezone, at=at)
        stored = _stored(subscription, request=request, today=today)
        account = _lock_money(subscription, choice=choice)
        quote = quote_termination(
            subscription,
            on=stored.ends_on if stored else today,
            config=config,
            asked_on=stored.requested_on if stored else request.asked_on,
        )
        document = quotes.document(quote)
        if document != seen.document:
            raise refusals.QuoteChanged(quote, seen=seen.document)
        if stored:
            columns = requested.columns_of_scheduled(stored, quote=quote)
        else:
            columns = requested.columns(request, quote=quote, began=subscription.started_on)
        decided = settlement.decide(
            quote,
            choice=choice,
            chosen=_chosen(subscription, quote=quote, choice=choice, seen=seen),
            acknowledged=acknowledged,
        )
        cause = settlement.Cause(key.outcome, quote_id=seen.quote_id, by=by, at=at, on=today)
        termination = _write(
            subscription,
            account=account,
            quote=quote,
            document=document,
            columns=columns,
            decided=decided,
            cause=cause,
            config=config,
            stored=stored,
        )
    return Outcome(termination, is_repeat=False)


def _stored(subscription: Subscription, *, request: requested.Request, today: date) -> TerminationRequest | None:
    """Lock the scheduled end that is carried out; give None where it is ended before, or where none is asked."""
    found = reading.open_request_of(subscription)
    if not isinstance(request, requested.ScheduledEnd):
        if found and found.ends_on <= today:
            raise refusals.EndHasCome(found.ends_on)
        return None
    if found is None or found.uuid != request.uuid:
        raise refusals.NotScheduled
    if found.ends_on >= today:
        raise refusals.DayNotOver(found.ends_on)
    return TerminationRequest.objects.select_for_update(no_key=True, of=("self",)).get(pk=found.pk)


# Cycles are collected first, and lines for the locks: how a join of them is done depends on fresh statistics.
_LINES = """
    SELECT line_id FROM subscriptions_cyclecharge
    WHERE cycle_id = ANY(ARRAY(SELECT id FROM subscriptions_cycle WHERE subscription_id = %s))
"""


def _lock_money(subscription: Subscription, *, choice: quotes.Choice) -> CreditAccount:
    """Take the locks below the subscription in the one order: invoices, notes, account."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [subscription.pk])
        line_ids = [line_id for (line_id,) in cursor.fetchall()]
    number = choice.number if isinstance(choice, quotes.LinkNote) else ""
    invoicing_operations.lock_invoices(line_ids, note=number)
    invoicing_operations.lock_notes(naming=line_ids, number=number)
    return customers_operations.lock_account(organisation_id=subscription.organisation_id)


def _chosen(
    subscription: Subscription, *, quote: quotes.Quote, choice: quotes.Choice, seen: Seen
) -> notes.Note | None:
    """Read the chosen note under its lock; one that was not offered, or may not be the refund, is none."""
    if not isinstance(choice, quotes.LinkNote) or choice.number not in seen.offered:
        return None
    note = credit_notes.chosen_note(subscription, quote=quote, number=choice.number)
    if note is not None and notes.offer_of(note, currency=quote.currency) != seen.offered[choice.number]:
        raise refusals.CreditNoteChanged(quote, number=choice.number)
    return note


def _write(
    subscription: Subscription,
    *,
    account: CreditAccount,
    quote: quotes.Quote,
    document: dict[str, Any],
    columns: dict[str, Any],
    decided: settlement.Decided,
    cause: settlement.Cause,
    config: settings_selectors.Config,
    stored: TerminationRequest | None,
) -> Termination:
    """Write the money, and the termination with all that ends with it and tells of it."""
    organisation, by, at = subscription.organisation, cause.by, cause.at
    named = naming.identity_of(subscription).named
    settled = settlement.write(
        decided.settlement,
        quote=quote,
        account=account,
        cause=cause,
        description=text.cut(f"Refund of subscription {named}", most=500),  # what an entry holds
    )
    said = told.told(
        document=document,
        credited=settled.credited,
        note=decided.settlement.note if isinstance(decided.settlement, settlement.NoteLinked) else None,
        why_nothing=settled.why_nothing,
        is_waiving=bool(settled.waived),
        used=settled.used,
    )
    if stored:
        said = f"{said} {scheduled.told(stored)}"
    row = terminations.Row(
        uuid=cause.uuid,
        subscription_id=subscription.pk,
        organisation_id=organisation.pk,
        currency=quote.currency,
        case=quote.case,
        terminated_at=at,
        terminated_on=quote.on,
        actor_kind=by.kind,
        actor=by.name,
        actor_user_id=by.user_id,
        config_version_id=config.version_id,
        settlement=decided.settlement.code.value,
        choice=decided.choice.value,
        credit_note_id=settled.note_id,
        entry_id=settled.entry_id,
        credited=settled.credited,
        waived=settled.waived,
        nothing_reason=settled.why_nothing,
        quote=document,
        acknowledgements=[{"key": a.key, "note": a.note, "text": a.text} for a in decided.confirmed],
        quote_id=cause.quote_id,
        sentence=f"Subscription {named} terminated. {said}",
        told=said,
        **columns,
    )
    (pk,) = terminations.record_terminations([row], config=config, committed={organisation.timezone: cause.on})
    return terminations.as_written(row, pk=pk, subscription=subscription)
