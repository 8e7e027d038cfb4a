"""Positions and seals: each event has its place or waits for one, and says what it said when it was sealed.

Source: docs/ledger.md. Each statement goes through its tables once, however many seals there are.
"""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from portal.verification import hashes
from portal.verification.check import Asked, Check, Walk
from portal.verification.heads import SealHead
from portal.verification.shapes import Fault

KEPT = "kept_seal"

_AS_HEX = "coalesce(encode({}, 'hex'), 'none')"

POSITIONS = (
    Check(
        "position_gap",
        "the position before it is {before}",
        """
        SELECT format('position %%s', position) AS place, before
        FROM (SELECT position, lag(position, 1, 0::bigint) OVER (ORDER BY position) AS before FROM audit_position) p
        WHERE position <> before + 1 ORDER BY position
        """,
    ),
    Check(
        "position_twice",
        "it has the positions {positions}",
        """
        SELECT format('audit entry %%s', event_id) AS place,
               string_agg(position::text, ', ' ORDER BY position) AS positions
        FROM audit_position GROUP BY event_id HAVING count(*) > 1 ORDER BY event_id
        """,
    ),
    Check(
        "position_event",
        "audit entry {event}, which has this position, is not there",
        """
        SELECT format('position %%s', p.position) AS place, p.event_id AS event
        FROM audit_position p LEFT JOIN audit_auditentry e ON e.id = p.event_id
        WHERE e.id IS NULL ORDER BY p.position
        """,
    ),
    Check(
        "event_position",
        "it has no position and does not wait for one",
        """
        SELECT format('audit entry %%s', e.id) AS place FROM audit_auditentry e
        LEFT JOIN audit_position p ON p.event_id = e.id LEFT JOIN audit_unnumbered w ON w.event_id = e.id
        WHERE p.event_id IS NULL AND w.event_id IS NULL ORDER BY e.id
        """,
    ),
    Check(
        "event_waits",
        "it waits for a position, but {why}",
        """
        SELECT format('audit entry %%s', w.event_id) AS place,
               CASE WHEN e.id IS NULL THEN 'is not there' ELSE format('has position %%s', p.position) END AS why
        FROM audit_unnumbered w
        LEFT JOIN audit_auditentry e ON e.id = w.event_id LEFT JOIN audit_position p ON p.event_id = w.event_id
        WHERE e.id IS NULL OR p.event_id IS NOT NULL ORDER BY w.event_id
        """,
    ),
)

_MADE = hashes.hash_of(
    "e.number",
    "e.first_position",
    "e.last_position",
    "e.count",
    "encode(e.digest, 'hex')",
    "coalesce(encode(e.previous_sha256, 'hex'), '')",
    hashes.microseconds("e.sealed_at"),
)

SEALS = (
    Check(
        "seal_order",
        "it is seal {counted} and covers positions {first} to {last}; the one before it ends at {ended}",
        """
        SELECT format('seal %%s', number) AS place, counted, first_position AS first, last_position AS last, ended
        FROM (SELECT number, first_position, last_position, row_number() OVER by_number AS counted,
                     lag(last_position, 1, 0::bigint) OVER by_number AS ended
              FROM audit_seal WINDOW by_number AS (ORDER BY number)) s
        WHERE number <> counted OR first_position <> ended + 1 OR last_position < first_position ORDER BY number
        """,
    ),
    Check(
        "seal_chain",
        "it follows a seal with the hash {named}, the seal before it has {previous}",
        f"""
        SELECT format('seal %%s', number) AS place, {_AS_HEX.format("previous_sha256")} AS named,
               {_AS_HEX.format("before")} AS previous
        FROM (SELECT number, previous_sha256, lag(sha256) OVER (ORDER BY number) AS before FROM audit_seal) s
        WHERE previous_sha256 IS DISTINCT FROM before ORDER BY number
        """,
    ),
    Check(
        "seal_hash",
        "its hash is {kept}, what it says makes {made}",
        f"""
        SELECT format('seal %%s', e.number) AS place, {_AS_HEX.format("e.sha256")} AS kept,
               {_AS_HEX.format("m.made")} AS made
        FROM audit_seal e CROSS JOIN LATERAL (SELECT {_MADE} AS made) m
        WHERE e.sha256 IS DISTINCT FROM m.made ORDER BY e.number
        """,
    ),
    Check(
        "seal_events",
        "it covers positions {first} to {last} and sealed {count} events with the digest {digest}; there are "
        "{there}, which make {made}",
        # Where a position belongs is looked up in the sorted starts, since ranges can't be joined by hashing.
        f"""
        WITH sealed AS (
            SELECT s.*, row_number() OVER (ORDER BY first_position, number) AS place FROM audit_seal s
        ), made AS (
            SELECT s.place, count(*) AS count,
                   sha256(string_agg(e.sha256, ''::bytea ORDER BY p.position)) AS digest
            FROM audit_position p
            JOIN sealed s ON p.position <= s.last_position AND s.place = width_bucket(
                p.position, (SELECT array_agg(first_position ORDER BY first_position) FROM audit_seal))
            JOIN audit_auditentry e ON e.id = p.event_id
            GROUP BY s.place
        )
        SELECT format('seal %%s', s.number) AS place, s.first_position AS first, s.last_position AS last, s.count,
               {_AS_HEX.format("s.digest")} AS digest, coalesce(m.count, 0) AS there,
               {_AS_HEX.format("m.digest")} AS made
        FROM sealed s LEFT JOIN made m ON m.place = s.place
        WHERE s.count <> s.last_position - s.first_position + 1 OR s.count IS DISTINCT FROM m.count
           OR s.digest IS DISTINCT FROM m.digest
        ORDER BY s.number
        """,
    ),
)

_LAST = "SELECT number, sha256 FROM audit_seal ORDER BY number DESC LIMIT 1"
_DIFFERENT = """
    SELECT k.number, encode(k.sha256, 'hex'), encode(s.sha256, 'hex')
    FROM unnest(%s::bigint[], %s::bytea[]) WITH ORDINALITY AS k (number, sha256, place)
    LEFT JOIN audit_seal s ON s.number = k.number
    WHERE s.sha256 IS DISTINCT FROM k.sha256 ORDER BY k.place
"""


def _kept(asked: Asked) -> Iterator[Fault]:
    """Tell the last seal, and go through the kept ones that are not there as they were."""
    kept = [head for head in asked.kept if isinstance(head, SealHead)]
    with connection.cursor() as cursor:
        cursor.execute(_LAST)
        for number, sha256 in cursor.fetchall():
            asked.on_head(SealHead(number=number, sha256=bytes(sha256)))
        cursor.execute(_DIFFERENT, [[head.number for head in kept], [head.sha256 for head in kept]])
        for number, sha256, there in cursor.fetchall():
            yield Fault(
                kind=KEPT,
                where=f"seal {number}",
                detail=f"its kept hash is {sha256}, the audit has {there or 'no such seal'}",
            )


CHECKS = (*POSITIONS, *SEALS, Walk((KEPT,), _kept))
