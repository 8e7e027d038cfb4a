"""What guards the portal's tables, by name: constraints, indexes, triggers and functions, as migrating makes them.

`schema.txt` beside this module is written from a database that was migrated from nothing, and a test compares it
with one. A line is what kind of guard, on which table, its name, and the beginning of the SHA-256 of what
PostgreSQL says it is, without casts and brackets. From version 15 to 18 that text is the same; of a later one only
names are compared.

    .venv/bin/python -m portal.embedded exec .venv/bin/python manage.py shell -c \\
        "from portal.postgresql import schema; schema.write()"
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from portal.postgresql import functions

FILE = Path(__file__).with_name("schema.txt")
# Tables of other packages change with their versions.
TABLES = r"^(frame|audit|outbox|jobs|settings_app|customers|invoicing|subscriptions)_"
LAST_VERSION_THAT_SAYS_THE_SAME = 18

# Whether a constraint is valid or enforced is told apart from what it says.
_GUARDS = """
WITH ours AS (
    SELECT c.oid, c.relname FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname ~ %(tables)s
)
SELECT 'constraint' AS kind, o.relname, c.conname AS name,
       regexp_replace(pg_get_constraintdef(c.oid), '( NOT VALID| NOT ENFORCED)+$', '') AS says
FROM pg_constraint c JOIN ours o ON o.oid = c.conrelid WHERE c.contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT 'not null', o.relname, a.attname, ''
FROM pg_attribute a JOIN ours o ON o.oid = a.attrelid WHERE a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
UNION ALL
SELECT 'index', o.relname, i.relname, pg_get_indexdef(x.indexrelid)
FROM pg_index x JOIN ours o ON o.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT 'trigger', o.relname, t.tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN ours o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'generated', o.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN ours o ON o.oid = d.adrelid
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE a.attgenerated <> ''
"""

# A foreign key is kept by triggers of its own, which ALTER TABLE ... DISABLE TRIGGER ALL switches off.
_OFF = """
SELECT 'trigger', c.relname, coalesce(k.conname, t.tgname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname ~ %(tables)s AND t.tgenabled IN ('D', 'R')
GROUP BY 1, 2, 3 ORDER BY 2, 3
"""
_SWITCHED_OFF_FOR_ALL = """
SELECT setting FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) setting
WHERE setting LIKE 'session\\_replication\\_role=%%' AND setting NOT LIKE '%%=origin'
  AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
# Version 18 can also keep a constraint without enforcing it; before, there is no such column.
_NOT_VALID = """
SELECT 'constraint', r.relname, c.conname
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE r.relnamespace = current_schema()::regnamespace AND r.relname ~ %(tables)s AND c.contype <> 'n'
  AND (NOT c.convalidated OR to_jsonb(c) ->> 'conenforced' = 'false')
ORDER BY 2, 3
"""
_INDEX_NOT_VALID = """
SELECT 'index', r.relname, i.relname
FROM pg_index x JOIN pg_class r ON r.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE r.relnamespace = current_schema()::regnamespace AND r.relname ~ %(tables)s
  AND NOT (x.indisvalid AND x.indisready AND x.indislive)
ORDER BY 2, 3
"""


@dataclass(frozen=True, order=True)
class Guard:
    """Name one guard: of what kind, on which table (functions have none)."""

    kind: str
    table: str
    name: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.name, f"on {self.table}" if self.table else "") if part)


@dataclass(frozen=True)
class Problem:
    """Hold what is wrong with a guard. *Shape*: `what` is missing, changed, off or not_valid."""

    guard: Guard
    what: str
    says: str = ""


def problems() -> Iterator[Problem]:
    """Compare the database with what migrating makes. Reads only."""
    there, wanted = in_the_database(), expected()
    # What has no text is not compared by it.
    by_text = int(_rows("SHOW server_version_num")[0][0]) // 10_000 <= LAST_VERSION_THAT_SAYS_THE_SAME
    bodies = {function.name: function.body for function in functions.files()}
    for guard, digest in sorted(wanted.items()):
        if guard not in there:
            yield Problem(guard, "missing")
        elif (by_text and _digest(there[guard]) != digest) or (
            guard.kind == "function" and not _is_body(there[guard], bodies[guard.name])
        ):
            yield Problem(guard, "changed", " ".join(there[guard].split()))
    for what, statement in (("off", _OFF), ("not_valid", _NOT_VALID), ("not_valid", _INDEX_NOT_VALID)):
        for row in _rows(statement):
            yield Problem(Guard(*row), what)
    for (setting,) in _rows(_SWITCHED_OFF_FOR_ALL):
        yield Problem(Guard("trigger", "", setting), "off")


def in_the_database() -> dict[Guard, str]:
    """Read what guards the tables now, each with what PostgreSQL says it is."""
    found = {Guard(kind, table, name): says for kind, table, name, says in _rows(_GUARDS)}
    for oid, name, _ in _rows(functions.OURS):
        found[Guard("function", "", name)] = _rows("SELECT pg_get_functiondef(%(oid)s::oid)", oid=oid)[0][0]
    return found


def expected() -> dict[Guard, str]:
    """Read what migrating makes. *Shape*: the beginning of a SHA-256 for each."""
    lines = (line.split("|") for line in FILE.read_text().splitlines())
    return {Guard(kind, table, name): digest for kind, table, name, digest in lines}


def lines() -> list[str]:
    """Write what is in the database as the file says it."""
    return sorted(f"{g.kind}|{g.table}|{g.name}|{_digest(says)}" for g, says in in_the_database().items())


def write() -> None:
    """Write the file from this database, which has all migrations of this version and nothing else."""
    FILE.write_text("".join(f"{line}\n" for line in lines()))


# A database that was dumped and restored says the same with casts and brackets in other places.
_CASTS = re.compile(r"::(character varying|timestamp with time zone|[a-z_0-9]+)(\([0-9,]+\))?(\[\])?")
_BRACKETS = re.compile(r"[()\s]")


def _digest(says: str) -> str:
    plain = _BRACKETS.sub("", _CASTS.sub("", says))
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def _is_body(definition: str, body: str) -> bool:
    return f"$function${body}$function$" in definition


def _rows(statement: str, **values: str | int) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tables": TABLES, **values})
        return list(cursor.fetchall())
