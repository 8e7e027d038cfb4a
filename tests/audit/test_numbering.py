"""Positions are given after the commit, in one row without gaps; who reads by them misses nothing."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from bench import soak
from portal import frame
from portal.audit import numbering, operations
from portal.audit.models import AuditEntry, Position, Unnumbered
from tests.support import factories, races, refused

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def _tell(*sentences: str) -> None:
    with frame.operation("tell"):
        for sentence in sentences:
            operations.record("record.changed", sentence=sentence, by=frame.SYSTEM, at=AT)


def _told(found: tuple[Position, ...]) -> list[tuple[int, str]]:
    return [(one.position, one.event.description) for one in found]


def _read(after: int = 0, *, limit: int = 100) -> list[tuple[int, str]]:
    return _told(numbering.events_after(after, limit=limit, at=AT))


def _waiting() -> set[int]:
    return set(Unnumbered.objects.values_list("event_id", flat=True))


def test_each_event_waits_and_is_numbered_when_somebody_reads():
    _tell("One.", "Two.")
    assert _waiting() == set(AuditEntry.objects.values_list("pk", flat=True))
    assert _read(limit=1) == [(1, "One.")]
    assert _waiting() == set()
    _tell("Three.")
    assert _read(1) == [(2, "Two."), (3, "Three.")]
    assert _read(3) == []
    assert set(Position.objects.values_list("numbered_at", flat=True)) == {AT}


def test_a_change_outside_an_operation_is_numbered_as_well():
    made = factories.OrganisationFactory.create()
    connection.cursor().execute("UPDATE customers_organisation SET name = 'Another' WHERE id = %s", [made.pk])
    # A mark that no sentence follows is told when the transaction ends.
    with frame.operation("silent"):
        connection.cursor().execute("UPDATE customers_organisation SET name = 'Third' WHERE id = %s", [made.pk])
    told = [said for _, said in _read()]
    assert len(told) == AuditEntry.objects.count() >= 2
    assert _waiting() == set()


def test_where_nobody_waits_it_costs_one_query(django_assert_num_queries: Any):
    _tell("One.")
    assert _read() == [(1, "One.")]
    with django_assert_num_queries(2):
        assert _read(1) == []


def test_an_event_that_is_committed_late_comes_late_and_is_not_missed():
    """Its key is lower than that of what was read before it."""
    is_told, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with frame.operation("tell"):
            operations.record("record.changed", sentence="Slow.", by=frame.SYSTEM, at=AT)
            is_told.set()
            may_end.wait(30)

    def quick() -> list[list[tuple[int, str]]]:
        is_told.wait(30)
        _tell("Quick.")
        first = _read()
        may_end.set()
        while not AuditEntry.objects.filter(description="Slow.").exists():
            time.sleep(0.01)
        return [first, _read(1)]

    assert races.at_once(slow, quick)[1] == [[(1, "Quick.")], [(2, "Slow.")]]
    slow_event, quick_event = (AuditEntry.objects.get(description=said).pk for said in ("Slow.", "Quick."))
    assert slow_event < quick_event


def test_nobody_numbers_within_something_larger():
    _tell("One.")
    with transaction.atomic(), pytest.raises(RuntimeError):
        numbering.number_events(at=AT)


@pytest.fixture
def killed() -> Callable[[int], None]:
    """Let the numberer end within a batch: the first one is 0."""

    class Killed(BaseException):
        pass

    def kill(batch: int) -> None:
        left = [batch]

        def number(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            answer = execute(sql, params, many, context)
            if "INSERT INTO audit_position" in sql:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
            return answer

        with connection.execute_wrapper(number), pytest.raises(Killed):
            numbering.number_events(at=AT, batch_size=2)

    return kill


@pytest.mark.parametrize("batch", range(3))
def test_a_numberer_that_is_killed_is_continued(killed: Callable[[int], None], batch: int):
    sentences = [f"Event {number}." for number in range(5)]
    _tell(*sentences)
    killed(batch)
    assert Position.objects.count() == 2 * batch
    assert len(_waiting()) == 5 - 2 * batch
    # Nobody has the lock any more.
    assert numbering.number_events(at=AT, batch_size=2) == 5 - 2 * batch
    assert _read() == list(enumerate(sentences, start=1))


def test_several_number_at_once_and_each_event_gets_one():
    _tell(*(f"Event {number}." for number in range(50)))
    answers = races.at_once(*[lambda: numbering.number_events(at=AT, batch_size=7)] * 4)
    assert sum(answers) == 50
    assert [position for position, _ in _read()] == list(range(1, 51))


def test_writers_and_a_reader_at_once_miss_nothing():
    """Some seconds of what bench/soak.py does for minutes."""
    result = soak.run(writers=4, seconds=2.0)
    assert result.faults == []
    assert result.written


def _run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_unnumbered (event_id) VALUES (0)",
        "UPDATE audit_unnumbered SET event_id = 0",
        "DELETE FROM audit_unnumbered",
    ],
)
def test_nobody_takes_an_event_from_those_that_wait(statement: str):
    _tell("One.")
    with refused.by("what_waits_for_a_position_is_kept_by_triggers"):
        _run(statement)


def test_a_position_that_somebody_else_gives_does_not_stop_the_numberer():
    _tell("One.", "Two.")
    last = AuditEntry.objects.latest("pk").pk
    _run(f"INSERT INTO audit_position (position, event_id, numbered_at) VALUES (1, {last}, '2026-03-10')")
    assert _read() == [(1, "Two."), (2, "One.")]
