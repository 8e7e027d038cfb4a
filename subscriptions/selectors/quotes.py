"""Read what a quote is computed from, and compute it: the one function that preview and commit share."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from invoicing.models import CreditNote, CreditNoteLine
from settings_app.selectors import Config
from subscriptions import policies, quotes, standing
from subscriptions.models import Cycle, Subscription
from subscriptions.selectors import naming

# Line kinds that are never part of a refund, should one ever be joined to a cycle.
NEVER_REFUNDED = frozenset({"activation_fee", "usage"})


@dataclass(frozen=True)
class NotTerminableFacts:
    """Hold the sentence why a subscription may not be terminated on the day asked."""

    why_not: str
    status: str


def subscriptions() -> QuerySet[Subscription]:
    """Read subscriptions with all that a quote, its refusal or an identity line needs, in one query."""
    related = ("organisation", "plan__product", "contract_item__contract", "termination")
    return naming.with_identity(Subscription.objects.select_related(*related))


def standing_of(subscription: Subscription, *, on: date, reactivation_days: int) -> standing.Standing:
    """Say where a subscription stands; it must come from `subscriptions()`."""
    ended = ended_of(subscription) if getattr(subscription, "termination", None) else None
    return standing.standing(
        expires_on=subscription.expires_on, on=on, reactivation_days=reactivation_days, ended=ended
    )


def ended_of(subscription: Subscription) -> standing.Ended:
    """Say who terminated a subscription, and when in the organisation's zone."""
    termination = subscription.termination
    zone = subscription.organisation.timezone
    # What an import says is the day it ended; the instant is that of the import.
    is_told_by_day = termination.case == termination.Case.ENDED_BEFORE_MOVE
    time = "" if is_told_by_day else f"{termination.terminated_at.astimezone(ZoneInfo(zone)):%H:%M} ({zone})"
    return standing.Ended(by=termination.actor, on=termination.terminated_on, time=time)


def facts_of(subscription: Subscription) -> policies.SubscriptionFacts:
    """Read the cycles and charges of a subscription as the refund policy needs them. One query."""
    return facts_of_many([subscription])[subscription.pk]


def facts_of_many(found: Sequence[Subscription]) -> dict[int, policies.SubscriptionFacts]:
    """Read the same of many subscriptions, by their primary keys. One query."""
    owned: dict[int, dict[int, policies.CycleFacts]] = defaultdict(dict)
    charges: dict[int, list[policies.ChargeFacts]] = defaultdict(list)
    rows = (
        Cycle.objects.filter(subscription_id__in=[subscription.pk for subscription in found])
        .order_by("first_day", "id", "charges__first_day", "charges__line_id")
        .values_list(
            "id",
            "first_day",
            "day_after",
            "charges__line_id",
            "charges__first_day",
            "charges__day_after",
            "charges__is_external_invoice",
            "charges__line__net",
            "charges__line__tax",
            "charges__line__paid",
            "charges__line__noted",
            "charges__line__refunded",
            "charges__line__waived",
            "charges__line__kind",
            "charges__line__description",
            "charges__line__invoice__number",
            "charges__line__invoice__status",
            "subscription_id",
        )
    )
    for row in rows:
        cycle_id, first_day, day_after, line_id = row[:4]
        owned[row[-1]][cycle_id] = policies.CycleFacts(
            cycle_id=cycle_id,
            first_day=first_day,
            day_after=day_after,
            charges=(),
        )
        if line_id is None:
            continue
        charge_first, charge_after, is_external, net, tax, paid, noted, refunded, waived = row[4:13]
        kind, description, number, status = row[13:-1]
        charges[cycle_id].append(
            policies.ChargeFacts(
                line_id=line_id,
                invoice_number=number,
                first_day=charge_first,
                day_after=charge_after,
                net=net,
                tax=tax,
                paid=paid,
                credited=noted + refunded,
                waived=waived,
                kind=kind,
                description=description,
                is_external_invoice=is_external,
                is_live=status not in ("draft", "void") and kind not in NEVER_REFUNDED,
            )
        )
    return {
        subscription.pk: policies.SubscriptionFacts(
            currency=subscription.currency,
            anchor=subscription.started_on.day,
            is_trial=subscription.is_trial,
            billing_plan=_billing_plan(subscription),
            cycles=tuple(
                replace(cycle, charges=tuple(charges[key])) for key, cycle in owned[subscription.pk].items()
            ),
        )
        for subscription in found
    }


def _billing_plan(subscription: Subscription) -> policies.BillingPlan | None:
    item = getattr(subscription, "contract_item", None)
    return item.contract.billing_plan if item else None


def terms_of(config: Config, *, currency: str) -> quotes.Terms:
    """Take from the config what a quote depends on."""
    return quotes.Terms(
        version=config.number,
        termination_method=config.termination_method,
        allow_refund=config.allow_refund,
        refund_method=config.refund_method,
        full_refund_days=config.full_refund_days,
        reactivation_days=config.reactivation_days,
        fee=config.fee_for(currency),
    )


def quote_of(
    subscription: Subscription, *, on: date, config: Config, facts: policies.SubscriptionFacts | None = None
) -> quotes.Quote | NotTerminableFacts:
    """Compute the quote of a subscription from `subscriptions()`, or say why it may not be terminated.

    Three queries: cycles with charges (none where `facts` brings them), note lines that name them, notes of
    the organisation.
    """
    stands = standing_of(subscription, on=on, reactivation_days=config.reactivation_days)
    if stands.case is None:
        return NotTerminableFacts(why_not=stands.why_not, status=stands.status)
    terms = terms_of(config, currency=subscription.currency)
    policy = policies.RefundPolicy(
        method=terms.refund_method, full_refund_days=terms.full_refund_days, fee=terms.fee
    )
    facts = facts or facts_of(subscription)
    is_expired = stands.case == "expired"
    refund = policies.refund(facts, on=on, policy=policy, is_expired_case=is_expired)
    notes: tuple[quotes.Note, ...] = ()
    if not is_expired:
        notes = _notes(subscription, facts=facts, refund=refund, on=on, policy=policy)
    return quotes.Quote(
        subscription=subscription.uuid,
        organisation=subscription.organisation.uuid,
        on=on,
        case=stands.case,
        currency=subscription.currency,
        anchor=subscription.started_on.day,
        is_postpaid=subscription.organisation.payment_mode == "postpaid",
        terms=terms,
        refund=refund,
        notes=notes,
    )


def _notes(
    subscription: Subscription,
    *,
    facts: policies.SubscriptionFacts,
    refund: policies.Refund,
    on: date,
    policy: policies.RefundPolicy,
) -> tuple[quotes.Note, ...]:
    """List the notes that name this subscription's cycles and those that may be chosen."""
    own_lines = {charge.line_id for cycle in facts.cycles for charge in cycle.charges}
    values = {charge.line_id: charge.value for line in refund.lines for charge in line.charges}
    found = list(
        CreditNote.objects.filter(status__in=CreditNote.COUNTED, currency=subscription.currency)
        .filter(pk__in=_note_ids(subscription, own_lines))
        .order_by("pk")
    )
    if not found:
        return ()
    named: dict[int, dict[int, Decimal]] = defaultdict(dict)
    foreign: set[int] = set()
    for note_id, line_id, net, tax, charge_id in CreditNoteLine.objects.filter(
        credit_note__in=[note.pk for note in found], line__isnull=False
    ).values_list("credit_note_id", "line_id", "net", "tax", "line__cycle_charge__id"):
        if line_id in own_lines:
            named[note_id][line_id] = net + tax
        elif charge_id is not None:
            # The line belongs to a cycle, and that is one of another subscription.
            foreign.add(note_id)
    notes = []
    for note in found:
        lines = named.get(note.pk, {})
        notes.append(
            quotes.Note(
                note_id=note.pk,
                uuid=note.uuid,
                number=note.number,
                status=note.status,
                total=note.total,
                names_this=bool(lines),
                named=sum(lines.values(), Decimal(0)),
                expected=_left_without(facts, lines=lines, refund=refund, on=on, policy=policy),
                is_choosable=note.status in ("sent", "partly_applied")
                and note.holds == 0
                and note.organisation_id == subscription.organisation_id
                and note.pk not in foreign,
                is_taken_off=any(amount and values.get(line_id) for line_id, amount in lines.items()),
            )
        )
    # A note that is neither choosable nor names a cycle says nothing here.
    kept = [note for note in notes if note.is_choosable or note.names_this]
    return tuple(sorted(kept, key=lambda note: (not note.names_this, -note.note_id)))


def _note_ids(subscription: Subscription, own_lines: Iterable[int]) -> QuerySet[CreditNote, Any]:
    naming = CreditNote.objects.filter(lines__line__in=list(own_lines)).order_by().values("pk")
    of_owner = (
        CreditNote.objects.filter(
            organisation_id=subscription.organisation_id, status__in=("sent", "partly_applied"), holds=0
        )
        .order_by()
        .values("pk")
    )
    return naming.union(of_owner)


def _left_without(
    facts: policies.SubscriptionFacts,
    *,
    lines: dict[int, Decimal],
    refund: policies.Refund,
    on: date,
    policy: policies.RefundPolicy,
) -> Decimal:
    """Compute the sum of `left` as if a note did not give back what it names."""
    if not lines:
        return refund.left
    cycles = tuple(
        replace(
            cycle,
            charges=tuple(
                replace(charge, credited=charge.credited - lines.get(charge.line_id, Decimal(0)))
                for charge in cycle.charges
            ),
        )
        for cycle in facts.cycles
    )
    return policies.refund(replace(facts, cycles=cycles), on=on, policy=policy, is_expired_case=False).left


def find(subscription_uuid: uuid.UUID) -> Subscription:
    """Read one subscription with all that a quote needs.

    *Raises*: Subscription.DoesNotExist.
    """
    return subscriptions().get(uuid=subscription_uuid)
