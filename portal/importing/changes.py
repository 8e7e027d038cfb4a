"""Find what differs from what was imported before, column by column, and what is about something that ended here.

A record is known by its key, and an equal row by its SHA-256. Where the SHA-256 differs, each value is compared
with the one that stands in the portal now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from portal.importing.faults import MOST_SHOWN, Fault, Faults, shown
from subscriptions.imports import known
from subscriptions.imports.files import CONTACTS, FILES, File

# The value that the portal has now, in SQL, by column; the others are the key, or cannot be told from the facts.
_ACCOUNT = "(SELECT {} FROM customers_creditaccount a WHERE a.organisation_id = k.id)"
_OPENED = (
    "coalesce((SELECT e.amount FROM customers_ledgerentry e JOIN customers_creditaccount a ON a.id = e.account_id "
    "WHERE a.organisation_id = k.id AND e.kind = 'opening_balance'), 0)"
)
_OWNER = "(SELECT o.uuid FROM customers_organisation o WHERE o.id = k.organisation_id)"
_CHARGE = (
    "(SELECT {} FROM subscriptions_cyclecharge cc JOIN invoicing_chargeline l ON l.id = cc.line_id "
    "JOIN invoicing_invoice i ON i.id = l.invoice_id WHERE cc.cycle_id = k.id "
    "ORDER BY (l.kind = 'plan') DESC, cc.id LIMIT 1)"
)
_CONTRACT = (
    "(SELECT c.reference FROM subscriptions_contractitem t JOIN subscriptions_contract c ON c.id = t.contract_id "
    "WHERE t.subscription_id = k.id)"
)
_ENDED = "(SELECT t.{} FROM subscriptions_termination t WHERE t.id = k.termination_ref)"
_NAMED = (
    "(SELECT {} FROM invoicing_creditnoteline n JOIN subscriptions_cyclecharge cc ON cc.line_id = n.line_id "
    "JOIN subscriptions_cycle c ON c.id = cc.cycle_id "
    "JOIN subscriptions_subscription p ON p.id = c.subscription_id "
    "WHERE n.credit_note_id = k.id LIMIT 1)"
)

NOW: dict[str, dict[str, str]] = {
    "organisations": {
        "name": "k.name",
        "country": "k.country",
        "currency": "k.currency",
        "timezone": "k.timezone",
        "status": "k.status",
        "payment_mode": "k.payment_mode",
        "credit_limit": _ACCOUNT.format("a.credit_limit"),
        "opening_balance": _OPENED,
        "owner_email": "k.owner_email",
        "billing_email": "k.billing_email",
        "customer_reference": "k.customer_reference",
        "created_on": "k.created_on",
    },
    "members": {"name": "k.name", "role": "k.role"},
    "plans": {
        "product": "(SELECT p.name FROM subscriptions_product p WHERE p.id = k.product_id)",
        "name": "k.name",
        "currency": "k.currency",
        "price_per_month": "k.price_per_month",
    },
    "contracts": {
        "organisation_uuid": _OWNER,
        "billing_plan": "k.billing_plan",
        "starts_on": "k.starts_on",
        "ends_on": "k.ends_on",
        "status": "k.status",
    },
    "subscriptions": {
        "organisation_uuid": _OWNER,
        "sku": "(SELECT p.sku FROM subscriptions_plan p WHERE p.id = k.plan_id)",
        "started_on": "k.started_on",
        # What has ended renews no more, whatever its row said.
        "auto_renew": "CASE WHEN k.termination_ref IS NULL THEN k.auto_renew ELSE s.auto_renew END",
        "trial": "k.is_trial",
        "contract_reference": _CONTRACT,
        "expires_on": "k.expires_on",
        "terminated_on": _ENDED.format("terminated_on"),
        "termination_reason": _ENDED.format("explanation"),
    },
    "cycles": {
        "months": "k.months",
        "net": _CHARGE.format("l.net"),
        "tax": _CHARGE.format("l.tax"),
        "paid": _CHARGE.format("l.paid"),
        "invoice_number": _CHARGE.format("i.number"),
        "invoice_issued_on": _CHARGE.format("i.issued_on"),
        "external_invoice": _CHARGE.format("cc.is_external_invoice"),
    },
    "numbers": {"ported_in": "k.is_ported_in"},
    "credit_notes": {
        "organisation_uuid": _OWNER,
        "net": "k.net",
        "tax": "k.tax",
        "status": "k.status",
        "issued_on": "k.issued_on",
        "subscription_uuid": _NAMED.format("p.uuid"),
        "cycle_starts_on": _NAMED.format("c.first_day"),
    },
}
# What is left empty says nothing about these: they follow from other rows, or are only hints.
_MAY_BE_EMPTY = {"expires_on", "contract_reference", "invoice_issued_on", "issued_on"}

# Whose subscription a staged row is about; a record of theirs is one of what ended here when the portal ended it.
_ABOUT = {
    "subscriptions": "s.uuid",
    "cycles": "s.subscription_uuid",
    "numbers": "s.subscription_uuid",
    "credit_notes": "s.subscription_uuid",
}

_TABLE = """
    import_changed (place integer, line integer, ordinal integer, column_name text, key text,
                    was text, is_now text, known_id bigint, sha256 text)
"""


def gather(cursor: Any) -> None:
    """Collect every value that differs from the portal's in a row that differs from what was imported before."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.import_changed")
    cursor.execute(f"CREATE TEMPORARY TABLE {_TABLE.strip()} ON COMMIT DROP")
    for place, file in enumerate(FILES):
        cursor.execute(_changed(file, place=place))


def _changed(file: File, *, place: int) -> str:
    ordinals = {column.name: number for number, column in enumerate(file.columns)}
    types = {column.name: column.sql for column in file.columns}
    values = ", ".join(
        f"({ordinals[name]}, '{name}', {_text(sql, types[name])}, {_text(f's.{name}', types[name])})"
        for name, sql in NOW[file.name].items()
    )
    empty = ", ".join(f"'{name}'" for name in sorted(_MAY_BE_EMPTY))
    tables, _ = known.KEPT[file.name]
    table = tables.split(" ", 1)[0]
    return f"""
        INSERT INTO import_changed
        SELECT {place}, s.line, v.ordinal, v.name, {_key(file)}, v.was, v.is_now, s.known_id, s.sha256
        FROM (SELECT s.* FROM {file.table} s JOIN {table} k ON k.id = s.known_id
              WHERE s.sha256 IS NOT NULL AND k.row_sha256 NOT IN ('', s.sha256) OFFSET 0) s
        JOIN {table} k ON k.id = s.known_id
        LEFT JOIN LATERAL (
            SELECT * FROM (VALUES {values}) c (ordinal, name, was, is_now)
            WHERE c.was <> c.is_now AND NOT (c.is_now = '' AND c.name IN ({empty}))
        ) v ON true
    """  # noqa: S608 - from the names above


def _text(sql: str, kind: str) -> str:
    if kind == "numeric":
        return f"coalesce(trim_scale({sql})::text, '')"
    return f"coalesce(({sql})::text, '')"


def _key(file: File) -> str:
    return " || ' ' || ".join(f"coalesce(s.{name}::text, '')" for name in file.key)


def count(cursor: Any, file: File) -> int:
    """Count the known rows of a file that are taken with another content."""
    cursor.execute("SELECT count(DISTINCT line) FROM import_changed WHERE place = %s", [FILES.index(file)])
    return int(cursor.fetchone()[0])


def check(cursor: Any, *, is_updating: bool, faults: Faults) -> None:
    """Add a fault for each change that is not taken: its column, what the portal has, and what the file says."""
    taken = list(CONTACTS) if is_updating else []
    cursor.execute(
        """
        SELECT place, line, ordinal, column_name, was, is_now, count(*) OVER () FROM import_changed
        WHERE column_name IS NULL AND NOT %(is_updating)s
           OR column_name IS NULL AND place <> 0
           OR column_name IS NOT NULL AND NOT (place = 0 AND column_name = ANY(%(taken)s))
        ORDER BY place, line, ordinal LIMIT %(most)s
        """,
        {"is_updating": is_updating, "taken": taken, "most": MOST_SHOWN},
    )
    rows = cursor.fetchall()
    if rows:
        faults.add_first((_fault(*row[:-1]) for row in rows), count=rows[0][-1])


def _fault(place: int, line: int, ordinal: int | None, column: str | None, was: str, is_now: str) -> Fault:
    file = FILES[place]
    if column is None:
        ordinal = next(n for n, c in enumerate(file.columns) if c.name == file.faulted)
        sentence = (
            "the row differs from what was imported before under its key, though the portal has the same values "
            "now, expected the same row or another key"
        )
        return Fault(place, line, ordinal, file.csv, file.faulted, sentence)
    sentence = (
        f"{_said(is_now)} differs from {_said(was)}, which the portal has, expected the row as imported before"
    )
    return Fault(place, line, ordinal or 0, file.csv, column, sentence)


def _said(value: str) -> str:
    return shown(value) if value else "nothing"


# ---- With --update ---------------------------------------------------------------------------------------------

_LOCK = """
    SELECT k.id FROM customers_organisation k JOIN import_organisations s ON s.known_id = k.id
    WHERE s.sha256 IS NOT NULL AND k.row_sha256 <> s.sha256 ORDER BY k.id FOR NO KEY UPDATE OF k
"""

_EXCEPTIONS = """
    import_exceptions (place integer, line integer, file text, key text, column_name text, was text, is_now text,
                       why text, what_to_do text)
"""

# Ended by an agent, the night or a request: what was imported as ended is no news to whoever sends the files.
_ENDED_HERE = """
    SELECT p.id, p.uuid, 'the subscription ended here on ' || to_char(t.terminated_on, 'YYYY-MM-DD')
                         || ' and never changes again' AS why
    FROM subscriptions_subscription p JOIN subscriptions_termination t ON t.id = p.termination_ref
    WHERE t.actor_kind <> 'import'
"""

_WHAT_TO_DO = {
    "subscriptions": "end the subscription in the system that the file comes from",
    "cycles": "end the subscription in the system that the file comes from, and give its charge back there",
    "numbers": "end the subscription in the system that the file comes from",
    "credit_notes": "write the note in the portal, or leave the row out",
}


def lock_organisations(cursor: Any) -> None:
    """Lock the organisations that an update may change, so that what is compared stays true."""
    cursor.execute(f"SELECT count(*) FROM ({_LOCK}) locked")  # noqa: S608 - from the statement above


def put_aside(cursor: Any) -> None:
    """Take the rows about what ended here out of what is staged, and keep them as exceptions."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.import_exceptions, pg_temp.import_ended")
    cursor.execute(f"CREATE TEMPORARY TABLE {_EXCEPTIONS.strip()} ON COMMIT DROP")
    for place, file in enumerate(FILES):
        if file.name not in _ABOUT:
            continue
        about, todo = _ABOUT[file.name], _WHAT_TO_DO[file.name]
        column = "subscription_uuid" if "." in about and file.name != "subscriptions" else "uuid"
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_ended")
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE import_ended ON COMMIT DROP AS
            SELECT s.line, e.why, {_key(file)} AS key FROM {file.table} s
            JOIN LATERAL ({_ENDED_HERE} AND p.uuid = {about}) e ON true
            WHERE s.sha256 IS NOT NULL AND (s.known_id IS NULL OR EXISTS (
                SELECT FROM import_changed c WHERE c.place = {place} AND c.line = s.line))
            """  # noqa: S608 - from the names above
        )
        cursor.execute(
            f"""
            INSERT INTO import_exceptions
            SELECT {place}, d.line, %s, d.key, coalesce(c.column_name, '{column}'), coalesce(c.was, ''),
                   coalesce(c.is_now, ''), d.why, %s
            FROM import_ended d LEFT JOIN import_changed c ON c.place = {place} AND c.line = d.line
            """,  # noqa: S608
            [file.csv, todo],
        )
        cursor.execute(
            f"DELETE FROM import_changed c USING import_ended d WHERE c.place = {place} AND c.line = d.line"  # noqa: S608
        )
        cursor.execute(f"DELETE FROM {file.table} s USING import_ended d WHERE s.line = d.line")  # noqa: S608


def count_exceptions(cursor: Any, file: File) -> int:
    """Count the rows of a file that were put aside."""
    cursor.execute("SELECT count(DISTINCT line) FROM import_exceptions WHERE place = %s", [FILES.index(file)])
    return int(cursor.fetchone()[0])


def exceptions(cursor: Any) -> Iterator[bytes]:
    """Go through the exceptions as CSV, a piece at a time."""
    query = """
        COPY (SELECT file, line, key, column_name AS column, was, is_now AS is, why, what_to_do
              FROM import_exceptions ORDER BY place, line, column_name) TO STDOUT (FORMAT csv, HEADER true)
    """
    with cursor.copy(query) as copy:
        for piece in copy:
            yield bytes(piece)


# The row is kept as the last one that was imported, with all its contacts: those of the portal are replaced.
_CONTACTS = (
    """
    CREATE TEMPORARY TABLE changed_organisations ON COMMIT DROP AS
    SELECT * FROM import_organisations s
    WHERE known_id IS NOT NULL AND line IN (SELECT line FROM import_changed WHERE place = 0)
    """,
    """
    UPDATE customers_organisation k
    SET name = s.name, owner_email = coalesce(s.owner_email, ''), billing_email = coalesce(s.billing_email, ''),
        customer_reference = coalesce(s.customer_reference, ''), row_sha256 = s.sha256
    FROM changed_organisations s WHERE k.id = s.known_id
    """,
    """
    CREATE TEMPORARY TABLE changed_keys ON COMMIT DROP AS
    SELECT s.known_id AS organisation_id, k.kind, k.text FROM changed_organisations s
    CROSS JOIN LATERAL (VALUES ('name', s.folded_name), ('owner_email', s.folded_owner_email),
        ('billing_email', s.folded_billing_email), ('reference', s.folded_customer_reference)) k (kind, text)
    """,
    """
    DELETE FROM customers_searchkey h USING changed_keys k
    WHERE h.organisation_id = k.organisation_id AND h.kind = k.kind AND h.text <> k.text
    """,
    """
    INSERT INTO customers_searchkey (organisation_id, kind, text)
    SELECT k.organisation_id, k.kind, k.text FROM changed_keys k
    WHERE k.text <> '' AND NOT EXISTS (
        SELECT FROM customers_searchkey h
        WHERE h.organisation_id = k.organisation_id AND h.kind = k.kind AND h.text = k.text)
    ORDER BY 1, 2
    """,
)


def write(cursor: Any) -> None:
    """Write the contacts that changed, with what the search knows them by."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.changed_organisations, pg_temp.changed_keys")
    for statement in _CONTACTS:
        cursor.execute(statement)
