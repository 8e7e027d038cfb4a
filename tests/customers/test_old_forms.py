"""A form that posted before keys were kept posts nothing when it is sent again after the upgrade."""

import importlib
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from customers import operations
from customers.models import LedgerEntry
from portal import frame
from portal.frame.models import IdempotencyKey
from tests.support.factories import OrganisationFactory

COPY = importlib.import_module("customers.migrations.0011_keys_of_forms").COPY


@pytest.mark.django_db
def test_the_keys_of_30_days_are_taken_along() -> None:
    organisation = OrganisationFactory.create()
    anna = User.objects.create(username="anna")
    gone = frame.Actor("agent", "gone")
    now = timezone.now()

    def correct(request_id: uuid.UUID, by: frame.Actor, days: int = 0) -> LedgerEntry:
        return operations.post_correction(
            organisation_uuid=organisation.uuid,
            amount=Decimal(5),
            reason="Counted twice",
            cause_id=None,
            seen_seq=None,
            request_id=request_id,
            by=by,
            at=now - timedelta(days=days),
        )

    def top_up(request_id: uuid.UUID) -> LedgerEntry:
        return operations.post_top_up(
            organisation_uuid=organisation.uuid,
            amount=Decimal(5),
            reason="Paid at the counter",
            seen_seq=None,
            request_id=request_id,
            by=frame.Actor.of(anna),
            at=now,
        )

    forms = [uuid.uuid4() for _ in range(4)]
    correct(forms[0], frame.Actor.of(anna))
    correct(forms[1], gone, days=29)
    correct(forms[2], gone, days=31)
    top_up(forms[3])
    kept = IdempotencyKey.objects.exclude(key=forms[2]).order_by("key")
    columns = ("actor", "key", "operation", "outcome", "at")
    expected = list(kept.values_list(*columns))
    IdempotencyKey.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(COPY)
    assert list(IdempotencyKey.objects.order_by("key").values_list(*columns)) == expected

    for again in (
        lambda: correct(forms[0], frame.Actor.of(anna)),
        lambda: correct(forms[1], gone),
        lambda: correct(forms[2], gone),
        lambda: top_up(forms[3]),
    ):
        with pytest.raises(frame.KeyReused):
            again()
    assert LedgerEntry.objects.count() == 4
