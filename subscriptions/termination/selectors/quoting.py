"""Read what a quote is computed from, and compute it: the one function that preview and commit share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from invoicing import policies as invoicing_policies
from settings_app.selectors import Config
from subscriptions import policies
from subscriptions.models import Cycle, Subscription
from subscriptions.policies import standing
from subscriptions.selectors import reading
from subscriptions.termination.quote import notes, quotes
from subscriptions.termination.selectors import credit_notes

# Line kinds that are never part of a refund, should one ever be joined to a cycle.
NEVER_REFUNDED = frozenset({"activation_fee", "usage"})


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
                is_live=status not in invoicing_policies.NOT_CHARGING and kind not in NEVER_REFUNDED,
            )
        )
    return {
        subscription.pk: policies.SubscriptionFacts(
            currency=subscription.currency,
            anchor=subscription.started_on.day,
            is_trial=subscription.is_trial,
            billing_plan=reading.billing_plan_of(subscription),
            cycles=tuple(
                replace(cycle, charges=tuple(charges[key])) for key, cycle in owned[subscription.pk].items()
            ),
        )
        for subscription in found
    }


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
    subscription: Subscription,
    *,
    on: date,
    config: Config,
    asked_on: date | None = None,
    facts: policies.SubscriptionFacts | None = None,
) -> quotes.Quote | standing.WhyNot:
    """Compute the quote of a subscription from `subscriptions()`, or give why it may not be terminated.

    The day of asking enters no sum, but a note with the sum of that day may have been sent for this refund.
    Two queries: cycles with charges (none where `facts` brings them), and the notes that decide.
    """
    stands = reading.standing_of(subscription, on=on, reactivation_days=config.reactivation_days)
    case = stands.ending
    if not isinstance(case, str):
        return case
    return _quote(subscription, case=case, on=on, config=config, asked_on=asked_on, facts=facts)


def estimate_of(
    subscription: Subscription, *, on: date, config: Config, asked_on: date | None = None
) -> quotes.Quote:
    """Compute the quote of an end on a later day that its customer asks for, from the cycles that are there now.

    A cycle that is not there yet is none of it, so on a day after the last one nothing comes back so far.
    """
    return _quote(subscription, case="customer_request", on=on, config=config, asked_on=asked_on)


def _quote(
    subscription: Subscription,
    *,
    case: standing.Case,
    on: date,
    config: Config,
    asked_on: date | None,
    facts: policies.SubscriptionFacts | None = None,
) -> quotes.Quote:
    terms = terms_of(config, currency=subscription.currency)
    facts = facts or facts_of(subscription)
    is_expired = case == "expired"
    refund = policies.refund(facts, on=on, policy=terms.policy, is_expired_case=is_expired)
    quote = quotes.Quote(
        subscription=subscription.uuid,
        organisation=subscription.organisation.uuid,
        on=on,
        case=case,
        currency=subscription.currency,
        anchor=subscription.started_on.day,
        is_postpaid=subscription.organisation.payment_mode == "postpaid",
        terms=terms,
        refund=refund,
        facts=facts,
    )
    if is_expired:
        return quote
    asked = refund
    if asked_on not in (None, on):
        asked = policies.refund(facts, on=asked_on, policy=terms.policy, is_expired_case=False)
    found = credit_notes.deciding(subscription, quote=quote, sums=notes.sums_of((refund, asked)))
    return replace(quote, notes=found.notes, further_candidates=found.further)
