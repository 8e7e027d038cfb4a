"""Seal events: write down, once and for good, what those of a range of positions say.

A seal holds the count and the digest of their hashes and names the seal before, so the last one stands for every
event that was ever sealed. Whoever keeps it elsewhere can show later that none was edited, deleted or put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from portal import frame
from portal.audit import numbering
from portal.audit.models import Seal

# PostgreSQL puts all hashes of a seal into one value, 32 bytes each.
MOST = 1_000_000
# Whoever seals holds this lock until the commit, and nobody who numbers waits for it.
_LOCK = numbering.LOCK + 1
_ALONE = "SELECT pg_advisory_xact_lock(%s)"
# An event that is gone makes the count another one, and PostgreSQL refuses the seal.
_SEAL = """
WITH before AS (
    SELECT number, last_position, sha256 FROM audit_seal ORDER BY number DESC LIMIT 1
), following AS (
    SELECT p.position, e.sha256 FROM audit_position p JOIN audit_auditentry e ON e.id = p.event_id
    WHERE p.position > coalesce((SELECT last_position FROM before), 0)
      AND p.position <= coalesce((SELECT last_position FROM before), 0) + %(most)s
), covered AS (
    SELECT count(*) AS count, max(position) AS last,
           sha256(string_agg(sha256, ''::bytea ORDER BY position)) AS digest
    FROM following
)
INSERT INTO audit_seal (number, first_position, last_position, count, digest, previous_sha256, sealed_at)
SELECT coalesce(b.number, 0) + 1, coalesce(b.last_position, 0) + 1, c.last, c.count, c.digest, b.sha256, %(at)s
FROM covered c LEFT JOIN before b ON true WHERE c.count > 0
RETURNING number
"""


@dataclass(frozen=True)
class Done:
    """Hold what was done. *Shape*: no `seals` where nothing was there to seal."""

    numbered: int
    seals: tuple[Seal, ...]
    forgotten_keys: int


def finish_night(*, at: datetime) -> Done:
    """Number the events that wait, seal those that are not sealed yet, and forget old idempotency keys.

    Each step is a transaction of its own; whoever is ended between them is continued by the next one.

    *Raises*: RuntimeError inside another transaction; IntegrityError where an event is gone.
    """
    numbered = numbering.number_events(at=at)
    return Done(numbered, seal_events(at=at), frame.forget_keys(before=at - frame.KEPT))


def seal_events(*, at: datetime) -> tuple[Seal, ...]:
    """Seal the events that have a position and no seal yet. Of two at once the second finds nothing to do."""
    seals: list[Seal] = []
    while (made := _seal_next(at=at)) is not None:
        seals.append(made)
    return tuple(seals)


def _seal_next(*, at: datetime) -> Seal | None:
    with frame.operation("seal_events"), connection.cursor() as cursor:
        cursor.execute(_ALONE, [_LOCK])
        cursor.execute(_SEAL, {"at": at, "most": MOST})
        found = cursor.fetchone()
        return Seal.objects.get(number=found[0]) if found else None
