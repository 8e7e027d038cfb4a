"""What a check is.

*Shape*: a check's SQL gives the rows that are wrong, `place` first; `says` is filled in with its columns.
"""

from __future__ import annotations

from dataclasses import dataclass

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

    *Shape*: `sql` may use %(latest_today)s, the date where it is latest; %(zones)s, the time zones of organisations
    that PostgreSQL knows; %(currencies)s and %(digits)s, currencies with the decimals of their minor units.
    """

    kind: str
    says: str
    sql: str
