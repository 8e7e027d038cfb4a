"""The first state of the world, and the way back to it.

The rows are kept a second time in tables of their own. What an order changed is the difference between the two:
it is what the outcomes of orders are compared by, and all that has to be put back.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection

from customers.models import SearchText, SearchWord
from portal import embedded
from tests.support import superuser

APPS = ("settings_app", "customers", "invoicing", "subscriptions", "outbox", "jobs", "audit", "frame")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Hashes are taken over drawn UUIDs, so they differ from order to order; verification computes them again.
_HASH = re.compile(r"(?<=\")(?:\\\\x)?[0-9a-f]{64}")


Rows = list[tuple[str, dict[str, Any]]]


# What triggers make out of others.
MADE = (SearchText, SearchWord)
# What an operation may replace instead of changing it, or take away.
SEARCH_KEYS = "customers_searchkey"
REPLACED = (SEARCH_KEYS, "audit_unnumbered")


@dataclass(frozen=True)
class _Table:
    name: str
    key: str
    columns: tuple[str, ...]  # those that can be written
    keys: dict[str, str]  # column -> table it points at


class Start:
    """Keep the first state, tell what is different from it, and bring it back.

    Most rows may never be changed, so triggers are off on the way back: by `session_replication_role`, which
    the embedded server's own administrator may set, else (a database of your own, without that right) by ALTER
    TABLE, which is slower, since everybody's plans have to be made again.
    """

    def __init__(self, *, known: Sequence[uuid.UUID] = ()) -> None:
        # The texts and words of the search are made by triggers out of its keys.
        models = [m for m in apps.get_models() if m._meta.app_label in APPS and m not in MADE]
        self.tables = _parents_first(
            {
                m._meta.db_table: _Table(
                    m._meta.db_table,
                    str(m._meta.pk.column),
                    tuple(f.column for f in m._meta.local_fields if f.column and not f.generated),
                    {
                        f.column: f.related_model._meta.db_table
                        for f in m._meta.local_fields
                        if f.column and f.related_model
                    },
                )
                for m in models
            }
        )
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")
            cursor.execute("DROP SCHEMA IF EXISTS start CASCADE; CREATE SCHEMA start")
            for table in self.tables:
                cursor.execute(f"CREATE TABLE start.{table.name} AS TABLE public.{table.name}")
                cursor.execute(f"ALTER TABLE start.{table.name} ADD PRIMARY KEY ({table.key})")
            cursor.execute(
                "SELECT array_agg(uuid::text) FROM ("
                + " UNION ".join(f"SELECT uuid FROM {t.name}" for t in self.tables if "uuid" in t.columns)
                + ") u"
            )
            self._uuids = frozenset(cursor.fetchone()[0]) | {str(form) for form in known}
        # A row version names the transaction that wrote it: what came after the last way back is new.
        self._written = " UNION ALL ".join(
            f"SELECT '{t.name}', to_jsonb(x) FROM {t.name} x WHERE x.xmin::text::bigint >= %(since)s"
            for t in self.tables
        )
        self._kept = " UNION ALL ".join(f"SELECT '{t.name}', array_agg({t.key}) FROM {t.name}" for t in self.tables)
        self._key = {t.name: t.key for t in self.tables}
        self._rows: dict[str, dict[int, dict[str, Any]]] = {}
        with connection.cursor() as cursor:
            for table in self.tables:
                cursor.execute(f"SELECT to_jsonb(x) FROM {table.name} x")
                self._rows[table.name] = {row[table.key]: row for row in map(_loaded, cursor.fetchall())}
        self._keeper, self._is_quick = _keeper()
        self._since = self._now()

    def _now(self) -> int:
        found = self._keeper.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
        assert found
        return int(found[0])

    def close(self) -> None:
        """Drop what was kept."""
        self._keeper.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA start CASCADE")

    def changed(self) -> Rows:
        """List the rows that are new, different or gone.

        *Raises*: AssertionError where a row is gone that no operation may delete.
        """
        found = self._keeper.execute(self._written, {"since": self._since}, prepare=True).fetchall()
        written = [(str(name), dict(row)) for name, row in found]
        changed = [(name, row) for name, row in written if self._rows[name].get(row[self._key[name]]) != row]
        for name, ids in self._keeper.execute(self._kept, prepare=True):
            gone = self._rows[name].keys() - set(ids or ())
            assert not gone or name in REPLACED, f"a row of {name} is gone"
            changed += [(name, self._rows[name][row] | {"is gone": True}) for row in sorted(gone)]
        return changed

    def digest(self, rows: Rows) -> str:
        """Sum up what is different, whatever numbers and UUIDs the new rows were given.

        A number or UUID drawn meanwhile is replaced by a digest of the row it belongs to.
        """
        tables = {table.name: table for table in self.tables}
        names: dict[str, str] = {}
        labels: dict[tuple[str, int], str] = {}
        for _ in range(2):
            lines = []
            for name, row in rows:
                plain = dict(row)
                key = row[self._key[name]]
                is_new = key not in self._rows[name]
                if is_new and "id" in plain:
                    del plain["id"]
                for column, target in tables[name].keys.items():
                    if plain.get(column) is not None and plain[column] not in self._rows.get(
                        target, plain.values()
                    ):
                        plain[column] = labels.get((target, plain[column]), "new")
                if plain.get("termination_ref") is not None:
                    plain["termination_ref"] = "new"
                text = _HASH.sub("hash", json.dumps(plain, sort_keys=True))
                text = _UUID.sub(lambda m: m[0] if m[0] in self._uuids else names.get(m[0], "new"), text)
                lines.append(f"{name} {text}")
                if is_new:
                    labels[name, key] = hashlib.sha256(lines[-1].encode()).hexdigest()[:12]
                    if "uuid" in row:
                        names[row["uuid"]] = labels[name, key]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    def bring_back(self, rows: Rows) -> None:
        """Undo what is different."""
        touched = {name for name, _ in rows}
        tables = [table for table in self.tables if table.name in touched]
        if not tables:
            return
        off = [] if self._is_quick else [f"ALTER TABLE {t.name} DISABLE TRIGGER USER" for t in tables]
        gone = [
            f"DELETE FROM {t.name} x WHERE NOT EXISTS (SELECT FROM start.{t.name} s WHERE s.{t.key} = x.{t.key})"
            for t in reversed(tables)
            if any(name == t.name and row[t.key] not in self._rows[name] for name, row in rows)
        ]
        back = [
            f"INSERT INTO {t.name} ({', '.join(t.columns)}) SELECT {', '.join(t.columns)} FROM start.{t.name} s"
            f" WHERE NOT EXISTS (SELECT FROM {t.name} x WHERE x.{t.key} = s.{t.key})"
            for t in tables
            if t.name in REPLACED
        ]
        for t in tables:
            ids = [row[t.key] for name, row in rows if name == t.name and row[t.key] in self._rows[name]]
            wanted = [f'"{c}"' for c in t.columns if c != t.key]
            if ids and wanted:
                back.append(
                    f"UPDATE {t.name} x SET ({', '.join(wanted)}) = ROW({', '.join('s.' + c for c in wanted)})"
                    f" FROM start.{t.name} s WHERE s.{t.key} = x.{t.key}"
                    f" AND x.{t.key} IN ({', '.join(map(str, ids))})"
                )
        if SEARCH_KEYS in touched:
            back.append("SELECT customers_write_search_texts(ARRAY(SELECT id FROM customers_organisation))")
        on = [statement.replace("DISABLE", "ENABLE") for statement in off]
        # Rows that point at each other are checked at the end; ALTER TABLE wants no check to be pending.
        statements = ["BEGIN", *off, *gone, *back, "SET CONSTRAINTS ALL IMMEDIATE", *on, "COMMIT"]
        self._keeper.execute("; ".join(statements))
        self._since = self._now()


def _keeper() -> tuple[psycopg.Connection[Any], bool]:
    """Connect as somebody who may switch triggers off for a session, if there is somebody."""
    own = connection.get_connection_params()
    own = {key: own[key] for key in ("dbname", "user", "password", "host", "port") if own.get(key)}
    for connect in (psycopg.connect, superuser.connect) if embedded.is_used() else (psycopg.connect,):
        keeper = connect(**{**own, "autocommit": True})
        keeper.execute("SET synchronous_commit TO off")
        try:
            keeper.execute("SET session_replication_role TO replica")
        except psycopg.errors.InsufficientPrivilege:
            keeper.close()
        else:
            return keeper, True
    return psycopg.connect(**own, autocommit=True), False


def _loaded(row: tuple[Any, ...]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row[0]) if isinstance(row[0], str) else row[0]
    return found


def _parents_first(tables: dict[str, _Table]) -> list[_Table]:
    """Put tables behind those that they point at; of two that point at each other either may be the first."""
    ordered: list[_Table] = []
    seen: set[str] = set()

    def add(table: _Table) -> None:
        if table.name in seen:
            return
        seen.add(table.name)
        for target in table.keys.values():
            if target in tables and target != table.name:
                add(tables[target])
        ordered.append(table)

    for name in sorted(tables):
        add(tables[name])
    return ordered
