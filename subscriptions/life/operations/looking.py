"""Say what a night of renewals would do, under settings that need not be in force. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection, transaction

from subscriptions.life import writer
from subscriptions.life.selectors import due


@dataclass
class Foreseen:
    """What a night would do. *Shape*: `charged` adds up by currency; of what `was_stopped` there is more."""

    renewed: int = 0
    documents: int = 0
    refused: int = 0
    failed: int = 0
    charged: dict[str, Decimal] = field(default_factory=dict)
    was_stopped: bool = False


def foresee(
    rule: due.Rule, *, batch_size: int, progress: Callable[[int], None], stop: Callable[[], bool]
) -> Foreseen:
    """Look at batch after batch. Each is a transaction that writes nothing and is rolled back.

    *Shape*: `stop` is asked after each batch.
    """
    found = Foreseen(failed=len(due.of_unknown_zones(rule)))
    after: int | None = due.START
    while after is not None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            batch = due.find(rule, after=after, room=batch_size, without=())
            ids: list[int] = [pk for of in batch.of.values() for pk in of]
            writer.prepare(cursor, parameters=rule.parameters(ids=ids), is_locking=False)
            tried, charged = writer.counts(cursor), writer.charged(cursor)
            transaction.set_rollback(True)
        found.renewed += tried.renewed
        found.documents += tried.documents
        found.refused += tried.refused
        for currency, amount in charged.items():
            found.charged[currency] = found.charged.get(currency, Decimal(0)) + amount
        after = batch.last
        progress(found.renewed + found.refused)
        if after is not None and stop():
            found.was_stopped = True
            break
    return found
