"""Read organisations for lists, as values."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from moneyed import Money

from customers import policies
from customers.models import CreditAccount, Organisation
from portal.lib import text


@dataclass(frozen=True)
class Match:
    """What was found when it was not the name."""

    label: str
    text: str


@dataclass(frozen=True)
class OrganisationRow:
    """One organisation of a list. *Shape*: status and payment mode are codes; a negative balance is owed.

    `known_by` tells it from another of its name; "" where a match says the same.
    """

    uuid: uuid.UUID
    name: str
    known_by: str
    status: str
    payment_mode: str
    balance: Money
    credit_limit: Money
    matches: tuple[Match, ...] = ()


def organisations() -> QuerySet[Organisation]:
    """Give the query of all organisations, with what `organisation_rows` shows of their accounts."""
    return Organisation.objects.select_related("credit_account")


def organisation_rows(found: Sequence[Any]) -> tuple[OrganisationRow, ...]:
    """Turn organisations into values; one that never had an account has nothing and may spend nothing. No query."""
    return told_apart([_row(organisation) for organisation in found])


def told_apart(rows: Sequence[OrganisationRow]) -> tuple[OrganisationRow, ...]:
    """Add the beginning of the UUID where two of a page have one name and are known by the same."""
    same = Counter((text.fold(row.name), row.known_by) for row in rows)
    return tuple(
        dataclasses.replace(row, known_by=policies.with_uuid(row.known_by, uuid=row.uuid))
        if same[text.fold(row.name), row.known_by] > 1
        else row
        for row in rows
    )


def _row(organisation: Organisation) -> OrganisationRow:
    account: CreditAccount | None = getattr(organisation, "credit_account", None)
    return OrganisationRow(
        uuid=organisation.uuid,
        name=organisation.name,
        known_by=policies.known_by(
            reference=organisation.customer_reference,
            emails=(organisation.owner_email, organisation.billing_email),
            uuid=organisation.uuid,
        ),
        status=organisation.status,
        payment_mode=organisation.payment_mode,
        balance=Money(account.balance if account else Decimal(0), organisation.currency),
        credit_limit=Money(account.credit_limit if account else Decimal(0), organisation.currency),
    )
