"""What a check is.

*Shape*: a check's SQL gives the rows that are wrong, `place` first; `says` is filled in with its columns.
"""

from __future__ import annotations

from dataclasses import dataclass

# How a line of an invoice is named.
LINE = "format('invoice %%s, line %%s', i.number, l.id)"


@dataclass(frozen=True)
class Check:
    """Hold one check. `sql` may use %(latest_today)s, the date where it is latest."""

    kind: str
    says: str
    sql: str
