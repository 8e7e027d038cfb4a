"""A database of any size, alike every time: organisations with all that hangs on them, written set by set.

Names, and what is folded from them, are made in Python (the product's own `fold`); the rest is dealt by PostgreSQL
from hashes of the row's number. Everything is one transaction: constraints and indexes are put aside, the rows
written, and every constraint checked again when it comes back. Sums that triggers keep are written as such, and
`verify_ledger` agrees with them (tests/bench/test_population.py).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from bench.companies import named
from bench.rows import accounts, documents, subscriptions

TABLES = (
    "customers_organisation",
    "customers_member",
    "customers_searchkey",
    "customers_searchtext",
    "customers_searchword",
    "customers_creditaccount",
    "customers_ledgerentry",
    "invoicing_invoice",
    "invoicing_chargeline",
    "invoicing_payment",
    "invoicing_paymentline",
    "invoicing_creditnote",
    "invoicing_creditnoteline",
    "subscriptions_product",
    "subscriptions_plan",
    "subscriptions_contract",
    "subscriptions_subscription",
    "subscriptions_addon",
    "subscriptions_contractitem",
    "subscriptions_cycle",
    "subscriptions_cyclecharge",
    "subscriptions_phonenumber",
    "subscriptions_assignment",
    "subscriptions_historyentry",
    "subscriptions_termination",
    "audit_auditentry",
    "audit_position",
)

_WITHOUT_ID = {"audit_position", "customers_searchtext", "customers_searchword"}

# deal(number, salt, n): 0 to n - 1, the same for the same number and salt.
_DEAL = """
CREATE FUNCTION pg_temp.deal(number bigint, salt bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
'SELECT (hashint8extended(number, salt) & 9223372036854775807) % n'
"""

# What is written, in this order: each step by its name and a statement.
_STATEMENTS = (*subscriptions.STATEMENTS, *documents.STATEMENTS, *accounts.STATEMENTS)

_ROOT = Path(__file__).resolve().parents[1]
Tell = Callable[[str], None]


def key(*, rows: int, today: date) -> str:
    """Name what a database holds: it is built anew when the schema, what fills it or the day is another."""
    files = [
        Path(__file__),
        _ROOT / "bench/companies.py",
        _ROOT / "portal/demo/names.py",
        _ROOT / "portal/lib/text.py",
    ]
    files += (_ROOT / "bench/rows").glob("*.py")
    return _digest(f"{rows} {today} {schema_key()}", files)


def schema_key() -> str:
    """Name the schema, and what makes the bench's people."""
    files = [_ROOT / "bench/world.py"]
    files += _ROOT.glob("*/migrations/*.py")
    files += _ROOT.glob("portal/*/migrations/*.py")
    return _digest("", files)


def _digest(words: str, files: list[Path]) -> str:
    digest = hashlib.sha256(words.encode())
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def build(connection: psycopg.Connection[Any], *, rows: int, today: date, tell: Tell) -> None:
    """Fill a migrated, empty database, in one transaction of a connection that commits by itself."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.operation', 'bench', true)")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(f"CREATE TEMPORARY TABLE run ON COMMIT DROP AS SELECT '{today}'::date AS today")
        cursor.execute(_DEAL)
        tell(f"naming {rows:,} organisations")
        _copy_names(cursor, rows=rows)
        aside = _put_aside(cursor)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for what, statements in itertools.groupby(_STATEMENTS, key=lambda step: step[0]):
            tell(what)
            for _, statement in statements:
                cursor.execute(statement)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            if table not in _WITHOUT_ID:
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1)) FROM {table}"
                )
        tell("checking every constraint, building the indexes")
        for statement in aside:
            cursor.execute(statement)
    tell("vacuum and analyze")
    connection.execute("VACUUM (ANALYZE)")


def _put_aside(cursor: psycopg.Cursor[Any]) -> list[str]:
    """Drop keys, unique and exclusion constraints and plain indexes; give the statements that bring them back."""
    cursor.execute(
        """
        SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype IN ('u', 'x') AND conrelid::regclass::text = ANY(%(tables)s)
           OR contype = 'f' AND (conrelid::regclass::text = ANY(%(tables)s)
                                 OR confrelid::regclass::text = ANY(%(tables)s))
        ORDER BY contype = 'f' DESC, conname
        """,
        {"tables": list(TABLES)},
    )
    constraints = cursor.fetchall()
    for table, name, _, _ in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid::regclass::text = ANY(%s) AND NOT indisprimary
        """,
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    added = [
        (kind, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for table, name, kind, definition in constraints
    ]
    return [
        *(definition for _, definition in indexes),
        *(statement for kind, statement in added if kind != "f"),
        *(statement for kind, statement in added if kind == "f"),
    ]


def _copy_names(cursor: psycopg.Cursor[Any], *, rows: int) -> None:
    cursor.execute(
        """
        CREATE TEMPORARY TABLE named (
            id bigint, uuid uuid, name text, folded_name text, country text, currency text, digits int,
            unit numeric, timezone text, tax_rate numeric, calling_code text, owner_name text, owner_email text,
            billing_email text, reference text, folded_reference text, second_name text, second_email text
        ) ON COMMIT DROP
        """
    )
    with cursor.copy("COPY named FROM STDIN") as copy:
        for row in named(rows):
            copy.write_row(row)
    cursor.execute("ALTER TABLE named ADD PRIMARY KEY (id)")
    cursor.execute("ANALYZE named")
