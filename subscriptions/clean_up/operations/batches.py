"""Write a batch of terminations. If the database refuses a row, halving the batch isolates it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction

from portal import frame
from portal.lib import money, text
from portal.postgresql import diagnosis
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import due
from subscriptions.selectors import zones
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import owed as selectors_owed
from subscriptions.termination.selectors import quoting
from subscriptions.termination.writer import terminations


@dataclass(frozen=True)
class Run:
    """The context of all batches of a run."""

    id: int
    todays: zones.Todays
    is_also_renewing: bool
    batch_size: int
    by: frame.Actor
    at: datetime
    stop: Callable[[], bool]

    def rule(self, config: settings_selectors.Config) -> due.Rule:
        """Give the rule for what is due under these settings."""
        return due.Rule(config, is_also_renewing=self.is_also_renewing)


def record_all(found: Sequence[due.Due], *, run: Run, config: settings_selectors.Config) -> dict[int, str]:
    """Write a batch. Return the rows that could not be written: reasons by subscription."""
    strange = {currency for currency in {item.currency for item in found} if not money.is_currency(currency)}
    reasons = {
        item.subscription_id: str(money.UnknownCurrency(item.currency))
        for item in found
        if item.currency in strange
    }
    good = [item for item in found if item.currency not in strange]
    return reasons | _record(run, good, documents=_quotes(good, config=config), config=config)


def _quotes(items: Sequence[due.Due], *, config: settings_selectors.Config) -> dict[int, str]:
    """Serialise the quotes of a batch to JSON, by subscription."""
    terms = {
        currency: quotes.terms_document(quoting.terms_of(config, currency=currency), currency=currency)
        for currency in {item.currency for item in items}
    }
    owed = selectors_owed.owed_of({item.subscription_id: item.currency for item in items}) if items else {}
    return {
        item.subscription_id: json.dumps(
            quotes.expired_document(
                subscription=item.subscription_uuid,
                organisation=item.organisation_uuid,
                on=item.today,
                currency=item.currency,
                terms=terms[item.currency],
                owed=owed.get(item.subscription_id, ()),
            )
        )
        for item in items
    }


def _record(
    run: Run, items: Sequence[due.Due], *, documents: Mapping[int, str], config: settings_selectors.Config
) -> dict[int, str]:
    """Write rows together. If the database refuses, write each half, so that a bad row stops no other."""
    if not items:
        return {}
    expired = terminations.Expired(
        subscription_ids=[item.subscription_id for item in items],
        todays=[item.today for item in items],
        quotes=[documents[item.subscription_id] for item in items],
        committed=run.todays.by_the_clock,
    )
    try:
        with transaction.atomic():
            terminations.record_expired(expired, config=config, by=run.by, at=run.at, run_id=run.id)
            diagnosis.check_deferred()
        return {}
    except DatabaseError as error:
        if not diagnosis.is_about_a_row(error):
            raise
        if len(items) == 1:
            return {items[0].subscription_id: text.first_line(error)}
    middle = len(items) // 2
    first, second = (
        _record(run, part, documents=documents, config=config) for part in (items[:middle], items[middle:])
    )
    return first | second
