"""Movements become entries in SQL as they do one by one."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from customers import operations, writer
from customers.models import CreditAccount, LedgerEntry
from portal.postgresql.writer import given, passed
from tests.support import factories

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 10, 9, 0, 0, 7, tzinfo=UTC)


def _movements() -> list[dict[str, Any]]:
    opened = factories.OrganisationFactory.create(account="100").pk
    new = factories.OrganisationFactory.create(currency="JPY", country="JP", timezone="Asia/Tokyo").pk
    moved = ((opened, "5"), (new, "1"), (opened, "-7.000001"), (opened, "0.5"), (new, "-3"))
    return [
        {
            "organisation_id": organisation_id,
            "place": place,
            "amount": Decimal(amount),
            "kind": "charge",
            "cause_id": uuid.uuid4() if place % 2 else None,
            "is_unbilled": place == 3,
            "at": AT + timedelta(hours=place),
            "on": AT.date(),
            "description": "Usage of “March”",
            "actor": "test",
        }
        for place, (organisation_id, amount) in enumerate(moved)
    ]


def _post_one_by_one(movements: list[dict[str, Any]]) -> None:
    for movement in movements:
        given = {name: value for name, value in movement.items() if name not in ("organisation_id", "place")}
        account = operations.lock_account(organisation_id=movement["organisation_id"])
        operations.post_entry(account=account, **given)


def _post_at_once(movements: list[dict[str, Any]]) -> None:
    relation = given(writer.MOVEMENTS)
    with connection.cursor() as cursor:
        cursor.execute(writer.ENTRIES.over(writer.in_turn(relation)), {"rows": passed(movements)})


def _written() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    entries = [dict(row, id=0) for row in LedgerEntry.objects.order_by("id").values()]
    return entries, [dict(row) for row in CreditAccount.objects.order_by("pk").values()]


def _kept_by(post: Any, movements: list[dict[str, Any]]) -> Any:
    with transaction.atomic():
        post(movements)
        kept = _written()
        transaction.set_rollback(True)
    return kept


@pytest.mark.parametrize("count", [1, 5])
def test_movements_are_chained_as_if_they_were_posted_one_by_one(count):
    movements = _movements()[:count]
    assert _kept_by(_post_at_once, movements) == _kept_by(_post_one_by_one, movements)


def test_the_keys_of_the_chain_hold_what_is_written_at_once():
    _post_at_once(_movements())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert LedgerEntry.objects.filter(after=F("before") + F("amount")).count() == 6
