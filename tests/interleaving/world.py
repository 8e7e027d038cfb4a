"""One small world in which every operation can get into another's way, and the way back to its first state.

The rows are kept a second time in tables of their own. What an order changed is the difference between the two:
it is what the outcomes of orders are compared by, and all that has to be put back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from customers.models import Organisation, SearchText, SearchWord
from invoicing import operations as invoicing_operations
from invoicing.models import CreditNote, CreditNoteAllocation, Invoice
from portal import embedded
from portal.frame import Actor
from subscriptions.models import Assignment, CycleCharge, Subscription, Termination
from subscriptions.termination import operations
from subscriptions.termination.quote import quotes
from tests.interleaving import events
from tests.support import factories, superuser
from tests.support.factories import C
from tests.support.terminations import preview, request, seen_of

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
APPS = ("settings_app", "customers", "invoicing", "subscriptions", "outbox", "jobs", "audit", "frame")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Hashes are taken over drawn UUIDs, so they differ from order to order; verification computes them again.
_HASH = re.compile(r"(?<=\")(?:\\\\x)?[0-9a-f]{64}")


Rows = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class World:
    """Hold what the operations are about.

    *Shape*: `main` runs, with a cycle paid in full and one in advance that is partly paid; `twin` is another
    one of the same customer; `late` expired long ago. `naming` and the two drafts name the first cycle of
    `main`; the drafts together are above it. `free` names nothing, so it can be chosen for either;
    `applied` paid a part of the cycle of `twin`; `spent` names the first cycle of `main` and was put into
    Available Credits. `ended` is the termination of a subscription whose one charge stands on `unpaid`, too:
    of 60.00 it gave back 20.00.
    """

    organisation: Organisation
    main: Subscription
    twin: Subscription
    late: Subscription
    paid: Invoice
    unpaid: Invoice
    free: CreditNote
    naming: CreditNote
    draft: CreditNote
    other_draft: CreditNote
    applied: CreditNote
    spent: CreditNote
    ended: Termination
    first: Actor
    second: Actor


def build() -> World:
    """Write the rows."""
    organisation = factories.OrganisationFactory.create(name="Lim Trading", account="10.5", payment_mode="postpaid")
    main = factories.subscription(
        organisation=organisation,
        cycles=(C("2026-03-01", net="92", tax="8"), C("2026-04-01", paid="20")),
        numbers=("+6561234567",),
        auto_renew=True,
    )
    twin = factories.subscription(
        organisation=organisation, cycles=(C("2026-03-05", paid="43"),), billing_plan="as_incurred"
    )
    late = factories.subscription(
        organisation=organisation, cycles=(C("2026-01-01"),), numbers=("+6567654321",), auto_renew=False
    )
    gone = factories.subscription(organisation=organisation, cycles=(C("2026-02-01", months=3, net="60"),))
    _on_one_invoice(main, gone)
    member = factories.MemberFactory.create(organisation=organisation)
    for made in (main, late):
        Assignment.objects.create(subscription=made, member=member, assigned_on=dt.date(2026, 1, 1))
    first, unpaid = (factories.charge_of(main, day) for day in ("2026-03-01", "2026-04-01"))
    applied = factories.credit_note(organisation, net="9", number="N-APPLIED")
    CreditNoteAllocation.objects.create(
        credit_note=applied,
        line=factories.charge_of(twin),
        currency="SGD",
        amount=7,
        created_at=NOW,
        actor="test",
    )
    users = [User.objects.create_user(name) for name in ("maria", "wei")]
    spent = factories.credit_note(organisation, net="6", number="N-SPENT", line=first)
    invoicing_operations.put_into_credits(
        note_uuid=spent.uuid, request_id=uuid.uuid4(), by=Actor.of(users[0]), at=NOW
    )
    ended = operations.terminate(
        subscription_uuid=gone.uuid,
        request=request(),
        choice=quotes.Automatic(),
        acknowledged=(),
        seen=seen_of(preview(gone, at=NOW, asked_on=request().requested_on)),
        by=Actor.of(users[0]),
        at=NOW,
    ).termination
    world = World(
        organisation=organisation,
        main=main,
        twin=twin,
        late=late,
        paid=first.invoice,
        unpaid=unpaid.invoice,
        free=factories.credit_note(organisation, net="30", number="N-FREE"),
        naming=factories.credit_note(organisation, net="10", number="N-NAMING", line=first),
        draft=factories.credit_note(organisation, net="50", number="N-DRAFT", line=first, status="draft"),
        other_draft=factories.credit_note(organisation, net="60", number="N-OTHER", line=first, status="draft"),
        applied=applied,
        spent=spent,
        ended=ended,
        first=Actor.of(users[0]),
        second=Actor.of(users[1]),
    )
    events.leave_waiting(3, at=NOW)
    return world


def _on_one_invoice(main: Subscription, gone: Subscription) -> None:
    """Charge for the second cycle of `main`, partly paid, and for the cycle of `gone` on one invoice."""
    lines = (factories.charge_of(main, "2026-04-01"), factories.charge_of(gone))
    together = factories.invoice(
        main.organisation, amounts=[(line.net, line.tax) for line in lines], paid=[line.paid for line in lines]
    )
    for line, its in zip(lines, together.lines.order_by("pk"), strict=True):
        CycleCharge.objects.filter(line=line).update(line=its)


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
