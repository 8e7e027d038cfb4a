"""Seals: each range once, chained, made of what its events say; whoever is killed is continued."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal import frame
from portal.audit import numbering, operations, sealing
from portal.audit.models import AuditEntry, Position, Seal, Unnumbered
from portal.frame.models import IdempotencyKey
from tests.support import races
from tests.verification.cases import OFF_GUARD

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def _tell(count: int = 1) -> None:
    with frame.operation("tell"):
        for number in range(count):
            operations.record("record.changed", sentence=f"Event {number}.", by=frame.SYSTEM, at=AT)


def _ranges() -> list[tuple[int, int, int]]:
    return list(Seal.objects.order_by("number").values_list("number", "first_position", "last_position_id"))


def _call(*arguments: str) -> str:
    out = io.StringIO()
    call_command("seal", *arguments, stdout=out)
    return out.getvalue()


def test_a_seal_says_what_the_documentation_says():
    _tell(3)
    sealing.finish_night(at=AT)
    _tell(2)
    numbered = sealing.finish_night(at=AT + timedelta(microseconds=1)).numbered
    assert (_ranges(), numbered) == ([(1, 1, 3), (2, 4, 5)], 2)
    previous = ""
    for seal, micro in zip(Seal.objects.order_by("number"), (1773133200000000, 1773133200000001), strict=True):
        of_it = Position.objects.filter(position__range=(seal.first_position, seal.last_position_id))
        hashes = of_it.order_by("position").values_list("event__sha256", flat=True)
        digest = hashlib.sha256(b"".join(bytes(found) for found in hashes)).hexdigest()
        assert bytes(seal.digest).hex() == digest
        fields = [seal.number, seal.first_position, seal.last_position_id, seal.count, digest, previous, micro]
        text = "|".join(map(str, fields))
        previous = bytes(seal.sha256).hex()
        assert previous == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_two_at_once_seal_once():
    _tell(20)
    answers = races.at_once(*[lambda: sealing.finish_night(at=AT)] * 4)
    assert sum(len(done.seals) for done in answers) == len(_ranges())
    assert sum(done.numbered for done in answers) == 20
    assert (_ranges()[0][1], _ranges()[-1][2]) == (1, 20)


def test_many_events_have_several_seals(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealing, "MOST", 4)
    _tell(10)
    sealing.finish_night(at=AT)
    assert _ranges() == [(1, 1, 4), (2, 5, 8), (3, 9, 10)]


class Killed(BaseException):
    """End the sealer where it stands."""


def _killed_after(words: str) -> Callable[..., Any]:
    def execute(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if words in sql:
            raise Killed
        return answer

    return execute


@pytest.mark.parametrize(
    "words",
    [
        "INSERT INTO audit_position",
        "pg_advisory_xact_lock",
        "INSERT INTO audit_seal",
        "DELETE FROM frame_idempotency",
    ],
)
def test_a_sealer_that_is_killed_is_continued(words: str):
    _tell(2)
    sealing.finish_night(at=AT)
    _tell(3)
    with connection.execute_wrapper(_killed_after(words)), pytest.raises(Killed):
        sealing.finish_night(at=AT)
    sealing.finish_night(at=AT)
    assert _ranges() == [(1, 1, 2), (2, 3, 5)]
    assert list(Position.objects.order_by("position").values_list("event__description", flat=True)) == list(
        AuditEntry.objects.order_by("pk").values_list("description", flat=True)
    )
    assert not Unnumbered.objects.exists()


def test_the_command_says_what_it_sealed():
    assert _call() == "Nothing to seal.\n"
    assert json.loads(_call("--json"))["last"] is None
    _tell(2)
    numbering.number_events(at=AT)
    _tell(1)
    said = _call()
    (seal,) = Seal.objects.all()
    line = f"Seal 1: 3 events, positions 1 to 3, {bytes(seal.sha256).hex()}\n"
    assert said == line
    # Whoever files its hash finds it also where the clean-up has sealed already.
    assert _call() == f"Nothing to seal. The last seal: {line}"
    answer = json.loads(_call("--json"))
    assert answer.pop("last")["sha256"] == bytes(seal.sha256).hex()
    assert answer == {"numbered": 0, "seals": [], "forgotten_keys": 0}
    _tell(1)
    answer = json.loads(_call("--json"))
    (made,) = answer.pop("seals")
    assert made == answer.pop("last")
    assert made.pop("sha256") == bytes(Seal.objects.get(number=2).sha256).hex()
    assert made == {"number": 2, "first_position": 4, "last_position": 4, "count": 1}
    assert answer == {"numbered": 1, "forgotten_keys": 0}


def test_old_keys_of_forms_are_forgotten_and_no_younger_ones():
    for days in (29, 31):
        IdempotencyKey.objects.create(
            actor="agent:1",
            key=f"00000000-0000-0000-0000-0000000000{days}",
            operation="top_up",
            outcome="00000000-0000-0000-0000-000000000001",
            at=AT - timedelta(days=days),
        )
    assert sealing.finish_night(at=AT).forgotten_keys == 1
    assert IdempotencyKey.objects.get().at == AT - timedelta(days=29)


@pytest.mark.django_db(transaction=False)
def test_an_event_that_is_gone_is_not_sealed_over():
    _tell(3)
    numbering.number_events(at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(OFF_GUARD)
        cursor.execute("DELETE FROM audit_auditentry WHERE description = 'Event 1.'")
    with pytest.raises(CommandError, match="a_seal_counts_its_positions"):
        _call()
    assert _ranges() == []
