"""What was imported still says what its row said: the row is written again from what is stored, and hashed again.

What a row said and the portal has changed since, as it may, is tried as it can have been (an expiry, auto-renewal,
a note's status); where the portal keeps no trace of what it was, every day is. Records that staff corrected
are left out: their row can't be written again. Columns come in the order of the format; a test compares it.
"""

# ruff: noqa: S608 - the statements are put together from constants alone

from __future__ import annotations

from dataclasses import dataclass

from portal.verification.check import Check


@dataclass(frozen=True)
class Row:
    """Say how the row of a file is written from what is stored.

    *Shape*: `stored` gives the records as `b` with `place` and `row_sha256`; `columns` are SQL over `b` and what
    was tried, in the order of the format; `tried` and `searched` give what may have been: the second where the
    first fits nothing.
    """

    file: str
    stored: str
    columns: dict[str, str]
    tried: str = "(SELECT 1) w"
    searched: str = ""


def day(column: str) -> str:
    """Write a day as files have it."""
    return f"to_char({column}, 'YYYY-MM-DD')"


def amount(column: str) -> str:
    """Write an amount without the zeros that its column adds."""
    return f"trim_scale({column})::text"


def corrected(app: str, model: str, key: str) -> str:
    """Ask whether staff corrected a record in the admin."""
    return f"""EXISTS (SELECT FROM django_admin_log g JOIN django_content_type y ON y.id = g.content_type_id
        WHERE y.app_label = '{app}' AND y.model = '{model}' AND g.object_id = {key}::text)"""


def check(row: Row) -> Check:
    """See that what is stored makes the row that was imported."""
    written = " || chr(31) || ".join(f"coalesce({value}, '')" for value in row.columns.values())
    fits = f"encode(sha256(convert_to({written}, 'UTF8')), 'hex') = b.row_sha256"
    found = [f"NOT EXISTS (SELECT FROM {row.tried} WHERE {fits})"]
    if row.searched:
        found.append(f"NOT EXISTS (SELECT FROM {row.searched} WHERE {fits})")
    return Check(
        "imported_row",
        f"it no longer says what its row of {row.file}.csv said when it was imported",
        f"SELECT b.place FROM ({row.stored}) b WHERE b.row_sha256 <> '' AND {' AND '.join(found)} ORDER BY b.place",
    )
