"""Recompute everything that the ledger, the documents and the terminations say, and name what does not agree.

The database refuses most of this already; this is the second pair of eyes, for a database that was restored,
moved, or written by somebody with more rights than the portal. `chain` walks along the ledger, `quoted` computes
each termination again from its quote, `checks` compares everything else, `heads` knows the heads that were kept
elsewhere. docs/ledger.md says what this can show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db import connection

from customers.checks import chain, heads
from customers.checks.heads import Head
from portal.verification import schema
from portal.verification.shapes import Counted, Fault
from subscriptions.checks import quoted
from subscriptions.verification import checks

__all__ = ["KINDS", "SCHEMA_KINDS", "Counted", "Fault", "Head", "count", "faults", "heads", "schema_faults"]

# Every kind of fault, in the order in which they are told.
KINDS = (*chain.SAYS, *dict.fromkeys(check.kind for check in checks.CHECKS), *quoted.SAYS, heads.KIND)

# Those of the schema, which are told before all others: what is off may be why the others are there.
SCHEMA_KINDS = tuple(schema.KINDS)
schema_faults = schema.faults


def count() -> Counted:
    """Count what is looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM customers_organisation), (SELECT count(*) FROM customers_ledgerentry)"
        )
        organisations, entries = cursor.fetchone()
    return Counted(organisations=organisations, entries=entries)


def faults(
    *, at: datetime, kept: Iterable[Head] = (), on_head: Callable[[Head], None] = lambda head: None
) -> Iterator[Fault]:
    """Recompute everything and go through what does not agree. Reads only.

    *Units*: `at` is the instant of asking; today is a matter of time zones, so the latest date anywhere counts.
    *Shape*: `kept` are heads of an earlier run; `on_head` is told the head of each account of this one.
    """
    yield from chain.faults(on_head=on_head)
    yield from checks.faults(at=at)
    yield from quoted.faults()
    yield from heads.faults(kept)
