"""Read terminations with all that their quotes are held against, a batch at a time."""

from __future__ import annotations

import uuid as uuids
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from invoicing.models import (
    ChargeRefund,
    ChargeWaiver,
    CreditNoteHold,
    CreditNoteLine,
    CreditNoteStand,
)
from settings_app import selectors as settings_selectors
from settings_app.models import PortalConfigVersion
from subscriptions import policies
from subscriptions.models import Termination
from subscriptions.selectors import reading
from subscriptions.termination.quote import lines
from subscriptions.termination.selectors import quoting

AT_ONCE = 500
# Versions are few; more than so many at a time would be no sound portal's.
_MOST_VERSIONS = 1000

_COLUMNS = (
    "pk",
    "uuid",
    "subscription_id",
    "subscription__uuid",
    "subscription__started_on",
    "organisation__uuid",
    "organisation__timezone",
    "currency",
    "case",
    "terminated_at",
    "terminated_on",
    "config_version_id",
    "choice",
    "settlement",
    "credit_note_id",
    "credit_note__number",
    "credit_note__total",
    "credited",
    "waived",
    "nothing_reason",
    "quote",
    "entry__is_unbilled",
    "entry__on",
    "entry__at",
    "entry__actor",
    "actor",
    "clean_up_run__as_of",
    "request__ends_on",
)


class Versions:
    """Know the settings versions that were asked for."""

    def __init__(self) -> None:
        self._known: dict[int, settings_selectors.Config | None] = {}

    def config(self, pk: int | None) -> settings_selectors.Config | None:
        """Give a version; None where there is none."""
        if pk is None:
            return None
        if pk not in self._known:
            if len(self._known) >= _MOST_VERSIONS:
                self._known.clear()
            version = PortalConfigVersion.objects.filter(pk=pk).first()
            self._known[pk] = settings_selectors.config_of(version) if version else None
        return self._known[pk]


@dataclass(frozen=True)
class Ended:
    """Hold a termination, and what it wrote. *Shape*: rows by line; notes by number."""

    row: dict[str, Any]
    config: settings_selectors.Config | None
    facts: policies.SubscriptionFacts | None
    refunds: dict[int, tuple[Decimal, Decimal]]
    waivers: dict[int, Decimal]
    stands: dict[int, tuple[Decimal, Decimal]]
    taken_off: frozenset[str]
    named: Decimal

    @property
    def uuid(self) -> uuids.UUID:
        """Name the termination."""
        found: uuids.UUID = self.row["uuid"]
        return found

    @property
    def terminated_at(self) -> datetime:
        """Give the instant of its commit."""
        found: datetime = self.row["terminated_at"]
        return found

    @property
    def terminated_on(self) -> date:
        """Give its day."""
        found: date = self.row["terminated_on"]
        return found


def terminations(versions: Versions) -> Iterator[Ended]:
    """Go through the terminations that were quoted or should have been, by key; imported ones are none of these."""
    after = 0
    found = Termination.objects.exclude(case=Termination.Case.ENDED_BEFORE_MOVE).order_by("pk")
    while batch := list(found.filter(pk__gt=after).values(*_COLUMNS)[:AT_ONCE]):
        yield from _with_rows(batch, versions=versions)
        after = batch[-1]["pk"]


def _has_lines(row: dict[str, Any]) -> bool:
    """Tell whether a termination's quote has lines, or should have them."""
    quote = row["quote"]
    if not isinstance(quote, dict):
        return False
    is_asked = row["case"] == Termination.Case.CUSTOMER_REQUEST
    return is_asked or bool(quote.get("lines")) or lines.schema_of(quote) == 0


def _with_rows(batch: Sequence[dict[str, Any]], *, versions: Versions) -> Iterator[Ended]:
    causes = [row["uuid"] for row in batch if row["case"] == Termination.Case.CUSTOMER_REQUEST]
    # Nothing comes back of what has expired; only older quotes of it have lines.
    computed = [row["subscription_id"] for row in batch if _has_lines(row)]
    facts = quoting.facts_of_many(list(reading.subscriptions().filter(pk__in=computed))) if computed else {}
    refunds: dict[Any, dict[int, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for cause, line_id, net, tax in ChargeRefund.objects.filter(cause_id__in=causes).values_list(
        "cause_id", "line_id", "net", "tax"
    ):
        refunds[cause][line_id] = (net, tax)
    waivers: dict[Any, dict[int, Decimal]] = defaultdict(dict)
    for cause, line_id, amount in ChargeWaiver.objects.filter(cause_id__in=causes).values_list(
        "cause_id", "line_id", "amount"
    ):
        waivers[cause][line_id] = amount
    stands: dict[Any, dict[int, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for cause, line_id, net, tax in CreditNoteStand.objects.filter(cause_id__in=causes).values_list(
        "cause_id", "line_id", "net", "tax"
    ):
        stands[cause][line_id] = (net, tax)
    taken_off: dict[Any, set[str]] = defaultdict(set)
    for cause, number in CreditNoteHold.objects.filter(
        cause_id__in=causes, kind=CreditNoteHold.Kind.TAKEN_OFF
    ).values_list("cause_id", "credit_note__number"):
        taken_off[cause].add(number)
    named: dict[int, Decimal] = defaultdict(Decimal)
    notes = [row["credit_note_id"] for row in batch if row["credit_note_id"] is not None]
    for note_id, net, tax in CreditNoteLine.objects.filter(credit_note__in=notes, line__isnull=False).values_list(
        "credit_note_id", "net", "tax"
    ):
        named[note_id] += net + tax
    for row in batch:
        cause = row["uuid"]
        yield Ended(
            row=row,
            config=versions.config(row["config_version_id"]),
            facts=facts.get(row["subscription_id"]),
            refunds=refunds[cause],
            waivers=waivers[cause],
            stands=stands[cause],
            taken_off=frozenset(taken_off[cause]),
            named=named[row["credit_note_id"]],
        )
