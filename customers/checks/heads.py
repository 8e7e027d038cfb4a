"""Heads that were kept elsewhere: each must still be an entry of the ledger, with the same hash."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from django.db import connection

from portal.verification import registry
from portal.verification.check import Asked, Walk
from portal.verification.heads import Head
from portal.verification.shapes import Fault

KIND = "kept_head"
_COMPARED_AT_ONCE = 1000

_DIFFERENT = """
    SELECT k.organisation, k.seq, encode(k.sha256, 'hex'), encode(e.sha256, 'hex')
    FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[]) WITH ORDINALITY AS k (organisation, seq, sha256, place)
    LEFT JOIN customers_organisation o ON o.uuid = k.organisation
    LEFT JOIN customers_creditaccount a ON a.organisation_id = o.id
    LEFT JOIN customers_ledgerentry e ON e.account_id = a.id AND e.seq = k.seq
    WHERE e.sha256 IS DISTINCT FROM k.sha256
    ORDER BY k.place
"""


def faults(asked: Asked) -> Iterator[Fault]:
    """Go through the kept heads that are no longer entries of the ledger."""
    left = (head for head in asked.kept if isinstance(head, Head))
    while batch := list(itertools.islice(left, _COMPARED_AT_ONCE)):
        with connection.cursor() as cursor:
            cursor.execute(
                _DIFFERENT,
                [
                    [head.organisation for head in batch],
                    [head.seq for head in batch],
                    [head.sha256 for head in batch],
                ],
            )
            for organisation, seq, sha256, there in cursor.fetchall():
                yield Fault(
                    kind=KIND,
                    where=f"organisation {organisation}, entry {seq}",
                    detail=f"its kept hash is {sha256}, the ledger has {there or 'no such entry'}",
                )


registry.declare(__name__, 1200, Walk((KIND,), faults))
