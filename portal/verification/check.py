"""What a check is: one statement of the database, or a walk through its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.verification.heads import Head
from portal.verification.shapes import Fault

# How things are named.
LINE = "format('invoice %%s, line %%s', i.number, l.id)"
SUBSCRIPTION = "format('subscription %%s', s.uuid)"
TERMINATION = "format('termination %%s', t.uuid)"
ENTRY = "format('organisation %%s, entry %%s', o.uuid, e.seq)"
ENTRIES = """
    customers_ledgerentry e
    JOIN customers_creditaccount a ON a.id = e.account_id
    JOIN customers_organisation o ON o.id = a.organisation_id
"""
# The day of an instant where organisation `o` lives; unknown where PostgreSQL does not know its zone.
DAY = "CASE WHEN o.timezone = ANY(%(zones)s) AND isfinite({at}) THEN ({at} AT TIME ZONE o.timezone)::date END"


@dataclass(frozen=True)
class Check:
    """Hold one check.

    *Shape*: `sql` gives the rows that are wrong, their `place` among the columns; `says` is filled in with these.
    It may use %(latest_today)s, the date where it is latest, and the parameters that apps declare.
    """

    kind: str
    says: str
    sql: str


@dataclass(frozen=True)
class Asked:
    """Hold what a run is asked.

    *Shape*: `kept` are heads of an earlier run; `on_head` is told the head of each account of this one.
    """

    at: datetime
    kept: Iterable[Head]
    on_head: Callable[[Head], None]


@dataclass(frozen=True)
class Walk:
    """Hold a check that one statement can't make. *Shape*: `kinds` are all that it may tell."""

    kinds: tuple[str, ...]
    faults: Callable[[Asked], Iterator[Fault]]
