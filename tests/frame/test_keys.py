"""A key makes an operation happen once, however often and by however many it is sent."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal import frame
from portal.audit import names
from portal.audit import operations as audit_operations
from portal.audit.models import AuditEntry
from portal.frame.models import IdempotencyKey
from tests.support.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
ANNA = frame.Actor("agent", "anna", user_id=None)
CONTENT = {"amount": Decimal("5.00"), "reason": "Paid twice"}


def key(**changes: Any) -> frame.Key:
    return replace(frame.Key(uuid.uuid4(), CONTENT, by=ANNA, at=AT), **changes)


def write(key: frame.Key) -> tuple[uuid.UUID, bool]:
    """Write an audit entry once. Give the outcome, and whether this call wrote it."""
    with frame.operation("note", key=key) as earlier:
        if earlier:
            return earlier, False
        audit_operations.record(
            "record.changed", sentence="Noted.", app=names.PORTAL, label="Noted", by=ANNA, at=AT
        )
    return key.outcome, True


def test_the_same_key_gives_the_first_outcome():
    first = key()
    assert write(first) == (first.outcome, True)
    again = replace(first, outcome=uuid.uuid4(), content={"reason": "Paid twice", "amount": Decimal("5")})
    assert write(again) == (first.outcome, False)
    assert AuditEntry.objects.count() == 1
    assert IdempotencyKey.objects.get().outcome == first.outcome


def test_another_content_is_refused():
    first = key()
    write(first)
    with pytest.raises(frame.KeyReused, match="already used"):
        write(replace(first, content={**CONTENT, "amount": Decimal("5.01")}))
    assert AuditEntry.objects.count() == 1


def test_another_operation_is_refused():
    first = key()
    write(first)
    with pytest.raises(frame.KeyReused), frame.operation("other", key=first):
        pass


def test_a_key_of_before_the_table_is_refused():
    first = key()
    write(first)
    IdempotencyKey.objects.update(fingerprint=None)
    with pytest.raises(frame.KeyReused):
        write(first)


def test_somebody_else_has_keys_of_their_own():
    first = key()
    write(first)
    other = replace(first, by=frame.Actor("agent", "ben"), outcome=uuid.uuid4())
    assert write(other) == (other.outcome, True)


def test_what_is_rolled_back_leaves_no_key():
    first = key()
    with pytest.raises(ZeroDivisionError), frame.operation("note", key=first):
        raise ZeroDivisionError
    assert not IdempotencyKey.objects.exists()
    assert write(first) == (first.outcome, True)


def test_of_many_at_once_one_writes():
    first = key()
    sent = [replace(first, outcome=uuid.uuid4()) for _ in range(6)]
    found = at_once(*(lambda one=one: write(one) for one in sent))
    assert len({outcome for outcome, _ in found}) == 1
    assert [is_first for _, is_first in found].count(True) == 1
    assert AuditEntry.objects.count() == 1


def test_a_key_takes_no_statement_more():
    counts = []
    for given in (None, key()):
        with CaptureQueriesContext(connection) as captured, frame.operation("note", key=given):
            pass
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_old_keys_are_forgotten():
    old, young = key(), key(at=AT + frame.KEPT)
    write(old)
    write(young)
    assert frame.forget_keys(before=AT + frame.KEPT) == 1
    assert IdempotencyKey.objects.get().key == young.key
