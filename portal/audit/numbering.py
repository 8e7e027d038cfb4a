"""Number events: each is given its position after its commit, and is read by it.

The key of an event is drawn while its transaction is under way, so events become visible in another order than
that of their keys: whoever remembers the last key would miss what was drawn earlier and committed later. Positions
become visible in their own order, without gaps.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from portal import frame
from portal.audit.models import Position, Unnumbered

BATCH = 5000
# Whoever numbers holds this lock until the commit. The key is ours to choose; it means nothing.
LOCK = 20261129

# A statement of its own, before the next one: that begins when the lock is there, and sees what the last one gave.
_ALONE = "SELECT pg_advisory_xact_lock(%s)"
# A trigger takes what has a position now from those that wait.
_NUMBER = """
INSERT INTO audit_position (position, event_id, numbered_at)
SELECT p.last + row_number() OVER (ORDER BY w.event_id), w.event_id, %s
FROM (SELECT event_id FROM audit_unnumbered ORDER BY event_id LIMIT %s) w
CROSS JOIN (SELECT coalesce(max(position), 0) AS last FROM audit_position) p
"""


def number_events(*, at: datetime, batch_size: int = BATCH) -> int:
    """Give a position to every event that waits for one, a batch in each transaction; give how many these were.

    Whoever comes meanwhile waits, and continues. What is committed meanwhile may wait for the next call.

    *Raises*: RuntimeError inside another transaction: nobody else could number until its end.
    """
    numbered = 0
    while Unnumbered.objects.exists():
        given = _number_batch(at=at, batch_size=batch_size)
        numbered += given
        if given < batch_size:
            break
    return numbered


def _number_batch(*, at: datetime, batch_size: int) -> int:
    with frame.operation("number_events"), connection.cursor() as cursor:
        cursor.execute(_ALONE, [LOCK])
        cursor.execute(_NUMBER, [at, batch_size])
        return int(cursor.rowcount)


def events_after(position: int, *, limit: int, at: datetime) -> tuple[Position, ...]:
    """Read the events after a position in order, those included that had none until now. One query more where
    none waits.

    Whoever goes on from the last position that was given misses no event and gets none twice:

    - An event waits from its commit on, as a part of the same transaction, until it has a position, which it then
      keeps. So each is read at one position, or is not committed yet.
    - Positions continue from the last, and PostgreSQL refuses a gap. The lock is let go after the commit, so the
      last position that the next one sees is the last there is.
    - So where a position is visible, all before it are. What is committed later gets a later one.

    *Shape*: each comes with its `event`.
    *Raises*: as `number_events`.
    """
    number_events(at=at)
    found = Position.objects.filter(position__gt=position).select_related("event").order_by("position")
    return tuple(found[:limit])
