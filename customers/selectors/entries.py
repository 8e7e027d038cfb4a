"""Read what moved on credit accounts: the entries of their ledgers, as values."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet, Subquery
from moneyed import Money

from customers import selectors
from customers.models import CreditAccount, LedgerEntry

# Only these two kinds have a termination as their cause.
_OF_TERMINATIONS = frozenset({LedgerEntry.Kind.REFUND, LedgerEntry.Kind.CORRECTION})


@dataclass(frozen=True)
class EntryRow:
    """An entry in a list. *Shape*: kind is a code; `seq` is its place on its account; `after` the balance then.

    `termination_uuid` is its cause where that is a termination.
    """

    seq: int
    on: date
    at: datetime
    organisation: selectors.Named
    kind: str
    description: str
    actor: str
    amount: Money
    after: Money
    is_unbilled: bool
    cause_uuid: uuids.UUID | None
    termination_uuid: uuids.UUID | None


def entries() -> QuerySet[LedgerEntry]:
    """Give the query of all entries, with what `entry_rows` shows of their organisations."""
    return LedgerEntry.objects.select_related("account__organisation")


def entries_of(organisation_id: int) -> QuerySet[LedgerEntry]:
    """Give the query of the entries of one organisation, whose order is that of its account."""
    # By the key of the account, not by a join: its index then has them in their order.
    account = CreditAccount.objects.filter(organisation_id=organisation_id).values("pk")
    return entries().filter(account_id=Subquery(account))


def entry_rows(found: Sequence[LedgerEntry]) -> tuple[EntryRow, ...]:
    """Turn entries into values. No query."""
    return tuple(
        EntryRow(
            seq=entry.seq,
            on=entry.on,
            at=entry.at,
            organisation=selectors.named(entry.account.organisation),
            kind=entry.kind,
            description=entry.description,
            actor=entry.actor,
            amount=Money(entry.amount, entry.currency),
            after=Money(entry.after, entry.currency),
            is_unbilled=entry.is_unbilled,
            cause_uuid=entry.cause_id,
            termination_uuid=entry.cause_id if entry.kind in _OF_TERMINATIONS else None,
        )
        for entry in found
    )
