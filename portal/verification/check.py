"""What a check is: one statement of the database, or a walk through its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.verification.heads import Kept
from portal.verification.shapes import Fault


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

    *Shape*: `kept` are heads of an earlier run; `on_head` is told the head of each account of this one, and
    the last seal.
    """

    at: datetime
    kept: tuple[Kept, ...]
    on_head: Callable[[Kept], None]


@dataclass(frozen=True)
class Walk:
    """Hold a check that one statement can't make. *Shape*: `kinds` are all that it may tell."""

    kinds: tuple[str, ...]
    faults: Callable[[Asked], Iterator[Fault]]
