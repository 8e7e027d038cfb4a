"""Idempotency keys: what was asked once happens once, however often it is sent.

A form or a caller draws a key; the first statement of the operation inserts it. Whoever sends the same key
meanwhile waits for that transaction and then finds its outcome; a transaction that is rolled back leaves no key.
"""

from __future__ import annotations

import hashlib
import json
import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from portal.frame.actors import Actor
from portal.frame.refusals import Refused, declare

KEPT = timedelta(days=30)

# One statement: an operation with a key takes no more than one without.
_MARK_AND_INSERT = """
WITH mark AS (SELECT set_config('portal.operation', %(operation)s, true))
INSERT INTO frame_idempotencykey (actor, key, operation, fingerprint, outcome, at)
SELECT %(actor)s, %(key)s, %(operation)s, %(fingerprint)s, %(outcome)s, %(at)s FROM mark
ON CONFLICT (actor, key) DO NOTHING
"""
_READ = "SELECT operation, fingerprint, outcome FROM frame_idempotencykey WHERE actor = %(actor)s AND key = %(key)s"


class KeyReused(Refused):
    """The key was used before, for something else."""

    code = "key_reused"


declare(
    {
        KeyReused: "This form was already used for something else, so nothing was written now. "
        "Close it, look at what was written and open it again."
    }
)


@dataclass(frozen=True)
class Key:
    """The key of one request. *Shape*: `content` is all that was asked, as plain values: the same key with other
    content is refused. `outcome` is the UUID that names what the operation will have written.
    """

    key: uuids.UUID
    content: Mapping[str, Any]
    by: Actor
    at: datetime
    outcome: uuids.UUID = field(default_factory=uuids.uuid4)

    def fingerprint(self) -> bytes:
        """Hash what was asked: amounts by their value, whatever their zeros."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False, default=_plain)
        return hashlib.sha256(text.encode()).digest()


def use(cursor: CursorWrapper, *, operation: str, key: Key) -> uuids.UUID | None:
    """Mark the transaction and insert the key. Give the outcome of before where it was used already.

    *Raises*: KeyReused where that was something else.
    """
    given: dict[str, Any] = {
        "operation": operation,
        "actor": key.by.identity,
        "key": key.key,
        "fingerprint": key.fingerprint(),
        "outcome": key.outcome,
        "at": key.at,
    }
    cursor.execute(_MARK_AND_INSERT, given)
    if cursor.rowcount:
        return None
    cursor.execute(_READ, given)
    used_for, fingerprint, outcome = cursor.fetchone()
    if used_for != operation or fingerprint is None or bytes(fingerprint) != given["fingerprint"]:
        raise KeyReused
    was: uuids.UUID = outcome
    return was


def forget(*, before: datetime) -> int:
    """Delete keys that are older, and give their number: by then nobody sends the same form again."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM frame_idempotencykey WHERE at < %s", [before])
        return int(cursor.rowcount)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)
