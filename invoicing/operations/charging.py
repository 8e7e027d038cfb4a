"""To charge: a document, its charges, and what Available Credits pay for them, at once. Source: domain.md 7."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from customers import operations as customers_operations
from customers.models import Organisation
from invoicing import refusals, writer
from invoicing.models import NumberSeries
from invoicing.operations import numbers
from portal import frame
from portal.postgresql.writer import given, passed

CHARGES, DOCUMENTS = "charged", "charged_documents"
"""The relations in which a set of charges stands while it is written."""


@dataclass(frozen=True)
class Line:
    """A charge to be made. *Units*: whole minor units of the organisation's currency, together above 0."""

    kind: str
    description: str
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Charged:
    """The document that was written. *Shape*: `line_ids` are in the order of the lines."""

    uuid: uuids.UUID
    number: str
    amount: Decimal
    line_ids: tuple[int, ...]


def to_charge(
    lines: Sequence[Line], *, to: Organisation, reason: str, on: date, by: frame.Actor, at: datetime
) -> Charged | None:
    """Charge Available Credits inside the caller's operation, which has taken all locks but those of money.

    Locks the account, and the series last of all. Without lines there is nothing to charge, and no document.
    *Shape*: `on` is today in the organisation's zone; `reason` says in a word or two what for.
    *Raises*: InsufficientCredits.
    """
    if not lines:
        return None
    account = customers_operations.lock_account(organisation_id=to.pk)
    needed = sum((line.net + line.tax for line in lines), Decimal(0))
    check_cover(needed, available=account.available, currency=to.currency)
    line_ids = _draw_lines(len(lines))
    rows = [
        {
            "line_id": line_id,
            "document": 1,
            "organisation_id": to.pk,
            "currency": to.currency,
            "is_postpaid": to.payment_mode == Organisation.PaymentMode.POSTPAID,
            "on": on,
            "reason": reason,
            **asdict(line),
        }
        for line_id, line in zip(line_ids, lines, strict=True)
    ]
    # As one statement: somebody waits for every round trip.
    parts = {
        CHARGES: f"SELECT * FROM {given(writer.CHARGES)}",  # noqa: S608 - the shape
        DOCUMENTS: writer.documents_of(CHARGES),
        **writer.charging(CHARGES, documents=DOCUMENTS),
    }
    whole = ", ".join(
        f"{name} AS {'MATERIALIZED ' if name in (CHARGES, DOCUMENTS) else ''}({part})"
        for name, part in parts.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {whole} SELECT uuid, number FROM {DOCUMENTS}",  # noqa: S608 - built from the writers
            {"rows": passed(rows), "at": at, "actor": by.name, **drawn(1)},
        )
        uuid, number = cursor.fetchone()
    return Charged(uuid=uuid, number=number, amount=needed, line_ids=tuple(line_ids))


def check_cover(needed: Decimal, *, available: Decimal, currency: str) -> None:
    """Refuse what Available Credits do not cover. *Raises*: InsufficientCredits."""
    if needed > available:
        raise refusals.InsufficientCredits(needed=needed, available=available, currency=currency)


def drawn(count: int) -> dict[str, Any]:
    """Draw the numbers of documents: the parameters of `documents_of`. The series stays locked until the end."""
    series, places = numbers.draw_numbers(NumberSeries.Document.INVOICE, count=count)
    return {
        "series": series.pk,
        "places": places,
        "numbers": [numbers.number_of(series, place=place) for place in places],
    }


def _draw_lines(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('invoicing_chargeline_id_seq') FROM generate_series(1, %s::int)", [count])
        return [line_id for (line_id,) in cursor.fetchall()]
