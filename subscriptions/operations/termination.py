"""Terminate one subscription: lock, check, compute, compare, write - in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, assert_never

from django.db import connection

from customers import operations as customers_operations
from customers.models import CreditAccount
from invoicing import operations as invoicing_operations
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.lib import days, text
from settings_app import selectors as settings_selectors
from subscriptions import outcomes, quotes, selectors
from subscriptions.models import Subscription, Termination
from subscriptions.operations import records, refusals, requests, settlements


@dataclass(frozen=True)
class Seen:
    """Hold what the agent saw: the quote as a document, and the id of that preview."""

    quote_id: uuid.UUID
    document: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Hold the termination, and whether this call wrote it or gives the first answer again."""

    termination: Termination
    is_repeat: bool


def quote_termination(*, subscription_uuid: uuid.UUID, on: date, config: settings_selectors.Config) -> quotes.Quote:
    """Compute the preview of a termination on a day. Reads only.

    *Raises*: Subscription.DoesNotExist; NotTerminable; AlreadyTerminated.
    """
    return _quote(selectors.find(subscription_uuid), on=on, config=config)


def terminate(
    *,
    subscription_uuid: uuid.UUID,
    request: requests.CustomerRequest | requests.ExpiredRequest,
    choice: quotes.Choice,
    acknowledged: Sequence[str],
    seen: Seen,
    by: audit_operations.Actor,
    at: datetime,
) -> Outcome:
    """Terminate a subscription exactly as it was previewed, or write nothing.

    *Units*: `at` is the instant of the commit; the termination date is its day in the organisation's zone.
    *Raises*: Subscription.DoesNotExist; AlreadyTerminated; NotTerminable; QuoteChanged; CreditNoteNotUsable;
    AcknowledgementMissing; RequestNotAcceptable.
    *Source*: domain.md 3 to 5.
    """
    with audit_operations.operation("terminate"):
        config = settings_selectors.locked_config()
        subscription = _lock(subscription_uuid)
        before = getattr(subscription, "termination", None)
        if before is not None:
            if before.quote_id == seen.quote_id and before.actor_user_id == by.user_id:
                return Outcome(before, is_repeat=True)
            raise refusals.AlreadyTerminated(subscription)
        account = _lock_money(subscription, choice=choice)
        today = days.today_in(subscription.organisation.timezone, at=at)
        quote = _quote(subscription, on=today, config=config)
        if quotes.document(quote) != seen.document:
            raise refusals.QuoteChanged(quote, seen=seen.document)
        requests.check(request, quote=quote, began=subscription.started_on)
        settlement, confirmed = settlements.decide(quote, choice=choice, acknowledged=acknowledged)
        columns = requests.columns(request)
        termination = _write(
            subscription,
            account=account,
            quote=quote,
            columns=columns,
            choice=choice,
            settlement=settlement,
            confirmed=confirmed,
            quote_id=seen.quote_id,
            config=config,
            by=by,
            at=at,
        )
    return Outcome(termination, is_repeat=False)


def _lock(subscription_uuid: uuid.UUID) -> Subscription:
    # Locked first, read with everything around it in a second statement: under READ COMMITTED the joined
    # rows of the locking statement would be those from before the wait.
    pk = (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .values_list("pk", flat=True)
        .get(uuid=subscription_uuid)
    )
    return selectors.subscriptions().get(pk=pk)


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
    invoicing_operations.lock_invoices(line_ids)
    invoicing_operations.lock_notes(
        naming=line_ids, number=choice.number if isinstance(choice, quotes.LinkNote) else ""
    )
    return customers_operations.lock_account(organisation_id=subscription.organisation_id)


def _quote(subscription: Subscription, *, on: date, config: settings_selectors.Config) -> quotes.Quote:
    quote = selectors.quote_of(subscription, on=on, config=config)
    if isinstance(quote, selectors.NotTerminableFacts):
        if getattr(subscription, "termination", None) is not None:
            raise refusals.AlreadyTerminated(subscription)
        raise refusals.NotTerminable(quote.why_not)
    return quote


def _write(
    subscription: Subscription,
    *,
    account: CreditAccount,
    quote: quotes.Quote,
    columns: dict[str, Any],
    choice: quotes.Choice,
    settlement: settlements.Settlement,
    confirmed: tuple[quotes.Acknowledgement, ...],
    quote_id: uuid.UUID,
    config: settings_selectors.Config,
    by: audit_operations.Actor,
    at: datetime,
) -> Termination:
    organisation = subscription.organisation
    cause = uuid.uuid4()
    is_automatic = isinstance(choice, quotes.Automatic) and quote.case == "customer_request"
    # A chosen note does its own work, and while Allow Refund is off nothing is given back by the system.
    gives_back = is_automatic and quote.terms.allow_refund
    charges = [charge for line in quote.refund.lines for charge in line.charges] if gives_back else []
    waived = sum((charge.waived for charge in charges), Decimal(0))
    entry_id: int | None = None
    note_id: int | None = None
    credited: Decimal | None = None
    why = ""
    match settlement:
        case settlements.Credited(amount=amount):
            credited = amount
            entry_id = customers_operations.post_entry(
                account=account,
                kind="refund",
                amount=amount,
                cause_id=cause,
                is_unbilled=quote.is_postpaid,
                at=at,
                on=quote.on,
                description=text.cut(
                    f"Refund of subscription {selectors.identity_of(subscription).named}",
                    most=500,  # what an entry holds
                ),
                actor=by.name,
            ).pk
        case settlements.NoteLinked(note=note):
            note_id = note.note_id
        case settlements.NothingDue(why=reason):
            why = reason
        case _:
            assert_never(settlement)
    invoicing_operations.write_giveback(
        cause_id=cause,
        waivers=[(c.line_id, quote.currency, c.waived) for c in charges if c.waived],
        refunds=[(c.line_id, quote.currency, c.net, c.tax) for c in charges if c.refund],
    )
    if gives_back or note_id is not None:
        invoicing_operations.hold_notes(
            cause_id=cause,
            settles=note_id,
            taken_off=[n.note_id for n in quote.notes if n.is_taken_off and n.note_id != note_id],
        )
    row = records.Row(
        uuid=cause,
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
        settlement=settlements.code(settlement),
        choice=settlements.choice_code(choice, quote=quote),
        credit_note_id=note_id,
        entry_id=entry_id,
        credited=credited,
        waived=waived,
        nothing_reason=why,
        quote=quotes.document(quote),
        acknowledgements=[{"key": a.key, "note": a.note, "text": a.text} for a in confirmed],
        quote_id=quote_id,
        told=outcomes.told(
            quote=quote,
            credited=credited,
            note_number=settlement.note.number if isinstance(settlement, settlements.NoteLinked) else "",
            why_nothing=why,
            is_waiving=bool(waived),
        ),
        **columns,
    )
    (pk,) = records.record_terminations(
        [row], config=config, committed={organisation.timezone: days.today_in(organisation.timezone, at=at)}
    )
    audit_operations.record(
        app=names.SUBSCRIPTIONS,
        event="Subscription terminated",
        description=f"Subscription {selectors.identity_of(subscription).named} terminated. {row.told}",
        by=by,
        at=at,
        organisation=audit_operations.Affected(organisation.uuid, organisation.name),
    )
    return records.as_written(row, pk=pk, subscription=subscription)
