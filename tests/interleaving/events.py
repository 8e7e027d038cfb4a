"""What is done with events after their commit, beside operations that leave some more."""

import datetime as dt
import uuid

from portal import frame
from portal.audit import numbering, operations, sealing
from portal.audit.models import AuditEntry, Position, Seal
from portal.frame import Actor
from tests.interleaving.operation import Operation


def leave_waiting(count: int, *, at: dt.datetime) -> None:
    """Number the events there are, and leave some more that wait: few, since each batch has its orders."""
    numbering.number_events(at=at)
    with frame.operation("tell"):
        for number in range(count):
            operations.record("record.changed", sentence=f"Event {number}.", by=frame.SYSTEM, at=at)


def number_them(*, at: dt.datetime) -> Operation:
    """Another operation commits its events before, within or after: each is numbered once, or waits."""

    def is_whole(by: Actor, form: uuid.UUID) -> bool:
        return 0 < Position.objects.count() <= AuditEntry.objects.count()

    return Operation("number events", lambda by, form: numbering.number_events(at=at, batch_size=2), (), is_whole)


def seal_them(*, at: dt.datetime) -> Operation:
    """What another one numbers meanwhile is sealed now or with the next seal."""

    def call(by: Actor, form: uuid.UUID) -> str:
        return " ".join(f"{seal.number}: {seal.count}" for seal in sealing.finish_night(at=at).seals)

    return Operation("seal", call, (), lambda by, form: Seal.objects.exists())
