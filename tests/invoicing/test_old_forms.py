"""A form that wrote before keys were kept writes nothing when it is sent again after the upgrade."""

import importlib
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from portal import frame
from portal.frame.models import IdempotencyKey
from tests.invoicing import filled_in as forms

COPY = importlib.import_module("invoicing.migrations.0016_keys_of_forms").COPY
KEPT = [
    forms.paying,
    forms.allocating,
    forms.putting_in,
    forms.taking_back_a_payment,
    forms.taking_back_of_a_note,
]


@pytest.mark.django_db
def test_the_keys_of_30_days_are_taken_along(make_user):
    wei = frame.Actor.of(make_user("billing", "wei"))
    now = timezone.now()
    sent = []
    for make in KEPT:
        for by, days in ((wei, 29), (forms.SOMEBODY_ELSE, 0), (wei, 31)):
            form = forms.filled_in(make, now - timedelta(days=days))
            form.send(by)
            sent.append((form, by, days))
    old = [form.content["request_id"] for form, _, days in sent if days > 30]
    asked = {form.content["request_id"] for form, _, _ in sent}
    columns = ("actor", "key", "operation", "outcome", "at")
    of_forms = IdempotencyKey.objects.filter(key__in=asked).order_by("key").values_list(*columns)
    expected = list(of_forms.exclude(key__in=old))
    assert len(expected) == 10
    IdempotencyKey.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(COPY)
    assert list(of_forms.all()) == expected

    for form, by, days in sent:
        with pytest.raises(frame.KeyReused if days < 30 else form.later):
            form.send(by, at=now)
