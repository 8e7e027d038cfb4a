"""Sum up what was given back of a termination's charges, corrections included. Source: domain.md 5."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Sum

from customers.models import LedgerEntry
from invoicing import policies
from invoicing.models import ChargeLine
from portal.lib import money
from subscriptions.models import CycleCharge, Termination

ZERO = Decimal(0)


@dataclass(frozen=True)
class GivenBack:
    """What a termination's charges were charged, and what came back of them.

    *Units*: gross, in `currency`; `corrections` have their sign and may have six decimals.
    """

    termination_uuid: uuid.UUID
    currency: str
    charged: Decimal
    by_charge: Decimal
    corrections: Decimal

    def is_above(self, more: Decimal) -> bool:
        """Tell whether so much more would pass what was charged; taking back never asks."""
        return more > 0 and self.by_charge + self.corrections + more > self.charged


def given_back(termination: Termination) -> GivenBack:
    """Sum up what came back of a termination's charges. Two queries."""
    return _given_back([termination])[0]


def corrected_with(amounts: Mapping[int, Decimal]) -> list[tuple[GivenBack, Decimal]]:
    """Find the corrected terminations of charges, each with what these amounts would give back of them.

    Four queries, however many subscriptions the charges belong to.
    """
    more: dict[int, Decimal] = {}
    charges = CycleCharge.objects.filter(line_id__in=amounts, cycle__subscription__termination__isnull=False)
    for line_id, termination_id in charges.values_list("line_id", "cycle__subscription__termination__pk"):
        more[termination_id] = more.get(termination_id, ZERO) + amounts[line_id]
    if not more:
        return []
    ended = list(Termination.objects.filter(pk__in=more).order_by("pk"))
    given = zip(_given_back(ended), ended, strict=True)
    return [(sums, more[termination.pk]) for sums, termination in given if sums.corrections]


def _given_back(ended: Sequence[Termination]) -> list[GivenBack]:
    """Sum up what came back of the charges of terminations, in their order. Two queries."""
    subscription = "cycle_charge__cycle__subscription_id"
    lines = (
        ChargeLine.objects.filter(**{f"{subscription}__in": [one.subscription_id for one in ended]})
        .exclude(invoice__status__in=policies.NOT_CHARGING)
        .order_by()
        .values_list(subscription)
    )
    summed = lines.annotate(charged=Sum(F("net") + F("tax")), back=Sum(F("noted") + F("waived") + F("refunded")))
    sums = {subscription_id: (charged, back) for subscription_id, charged, back in summed}
    entries = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.CORRECTION, cause_id__in=[one.uuid for one in ended])
    corrected = dict(entries.order_by().values_list("cause_id").annotate(Sum("amount")))
    return [
        GivenBack(
            termination_uuid=one.uuid,
            currency=one.currency,
            charged=sums.get(one.subscription_id, (ZERO, ZERO))[0],
            by_charge=sums.get(one.subscription_id, (ZERO, ZERO))[1],
            corrections=corrected.get(one.uuid, ZERO),
        )
        for one in ended
    ]


def line_ids(termination: Termination) -> list[int]:
    """Find the charge lines of a termination's subscription."""
    charges = CycleCharge.objects.filter(cycle__subscription_id=termination.subscription_id)
    return list(charges.values_list("line_id", flat=True))


def sentence_above(given: GivenBack, *, more: Decimal) -> str:
    """Say what would have come back, and of how much."""
    come_to = money.display_balance(given.by_charge + given.corrections + more, currency=given.currency)
    charged = money.display_balance(given.charged, currency=given.currency)
    return (
        f"With this, notes, waivers, refunds and corrections of the termination {given.termination_uuid} come to"
        f" {come_to}, which is more than its charges: {charged}."
    )
