"""What a statement can see and take hold of, so that the scheduler knows which orders can't matter.

Everything is told by table, and always on the safe side: two statements that could be told apart by their rows
count as touching the same thing, which only costs orders that are tried in vain. Two things are told more closely,
since without them two clean-ups would have more orders than can be run: a statement about nothing but the row of
one id, or one idempotency key, touches that row alone (written `table#id`), and one that changed and locked no row
leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection

NOTHING: frozenset[str] = frozenset()
KEYS = "frame_idempotencykey"
# A lock that is no table's: all of them are taken for one.
ADVISORY = "pg_advisory_xact_lock"

# How a table is taken hold of. Which pairs may get into each other's way follows PostgreSQL's row locks; INSERT
# meets another INSERT (or an UPDATE) only in a unique index.
SHARE, KEY_SHARE, NO_KEY_UPDATE, EXCLUSIVE = "share", "key share", "no key update", "update lock"
INSERT, UPDATE, KEY_UPDATE = "insert", "update", "update of a key"
WRITES = (INSERT, UPDATE, KEY_UPDATE)
_ALONE = (EXCLUSIVE, KEY_UPDATE)
_ONE_AT_A_TIME = (NO_KEY_UPDATE, UPDATE, *_ALONE)
MEETING = frozenset(
    frozenset(pair)
    for pair in (
        *((one, other) for one in _ONE_AT_A_TIME for other in _ONE_AT_A_TIME),
        *((SHARE, other) for other in _ONE_AT_A_TIME),
        *((KEY_SHARE, other) for other in _ALONE),
    )
)
MEETING_IN_AN_INDEX = frozenset(frozenset((INSERT, other)) for other in WRITES)

Holds = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Step:
    """Hold what a player is about to do: a statement, or the end of a transaction.

    *Shape*: `reads` are tables it sees committed rows of; `takes` are (table, how) it locks or writes;
    `publishes` is what others see after it; `releases` what others may take after it; after a
    step that `ends`, no transaction is open.
    """

    words: str
    reads: frozenset[str] = NOTHING
    takes: Holds = frozenset()
    publishes: Holds = frozenset()
    releases: Holds = frozenset()
    ends: bool = False


def are_dependent(one: Step, other: Step) -> bool:
    """Tell whether the order of two steps of different transactions can make a difference.

    Reading and writing the same table is no reason: what is not committed is seen by nobody else. It is the
    commit that a reader meets.
    """
    if _meet(one.takes, other.takes) or _meet(one.releases, other.takes) or _meet(other.releases, one.takes):
        return True
    return _sees(one, other.publishes) or _sees(other, one.publishes)


def _sees(step: Step, published: Holds) -> bool:
    """Tell whether a step looks at something that a commit makes visible.

    A foreign key looks whether a key is there, so new rows and changed keys alone matter to it; an insert looks
    into unique indexes, if there are any.
    """
    return _reads(step.reads, published) or _finds(step.takes, published)


@cache
def _reads(reads: frozenset[str], published: Holds) -> bool:
    return any(_overlap(read, table) for read in reads for table, _ in published)


def _overlap(one: str, other: str) -> bool:
    """Tell whether two things may be the same row: a table is all of its rows."""
    table, _, row = one.partition("#")
    other_table, _, other_row = other.partition("#")
    return table == other_table and (row == other_row or not row or not other_row)


@cache
def _finds(takes: Holds, published: Holds) -> bool:
    for table, how in takes:
        for other, done in published:
            if not _overlap(table, other):
                continue
            if how == KEY_SHARE:
                if done in (INSERT, KEY_UPDATE):
                    return True
            elif how != INSERT or table.partition("#")[0] in schema().with_unique_index:
                return True
    return False


@cache
def _meet(some: Holds, others: Holds) -> bool:
    for table, how in some:
        for other_table, other_how in others:
            if _overlap(table, other_table):
                pair = frozenset((how, other_how))
                indexed = table.partition("#")[0] in schema().with_unique_index
                if pair in MEETING or (pair in MEETING_IN_AN_INDEX and indexed):
                    return True
    return False


@dataclass(frozen=True)
class Schema:
    """Hold what PostgreSQL's catalogue says about the tables.

    *Shape*: `triggers` are the words of the trigger functions by (table, verb), `checked_at_once` and
    `checked_at_commit` the tables a row's foreign keys point at. An index on nothing but the row's own drawn
    number, or a drawn UUID, makes no two inserts meet.
    """

    tables: frozenset[str]
    triggers: Mapping[tuple[str, str], tuple[str, ...]]
    checked_at_once: Mapping[str, frozenset[str]]
    checked_at_commit: Mapping[str, frozenset[str]]
    with_unique_index: frozenset[str]
    key_columns: Mapping[str, frozenset[str]]


@cache
def schema() -> Schema:
    """Read the catalogue, once: the schema stays as it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = frozenset(row[0] for row in cursor.fetchall())
        cursor.execute(
            """
            SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
            WHERE p.pronamespace = 'public'::regnamespace AND l.lanname IN ('plpgsql', 'sql')
            """
        )
        functions = dict(cursor.fetchall())
        cursor.execute(
            """
            SELECT c.relname, t.tgtype, p.prosrc, encode(t.tgargs, 'escape') FROM pg_trigger t
            JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal
              -- What they write is a row of the transaction's own, which is gone when it ends, or an audit entry.
              AND p.proname NOT IN ('portal_note_unmarked_change', 'portal_note_entry', 'portal_settle_mark')
            """
        )
        triggers: dict[tuple[str, str], tuple[str, ...]] = {}
        for table, kind, body, given in cursor.fetchall():
            # A trigger may be told by its argument which column it writes.
            words = _with_what_it_calls(body, functions) + "".join(
                f"\n-- {name} = " for name in given.split("\\000") if name
            )
            for bit, verb in ((4, INSERT), (16, UPDATE), (16, KEY_UPDATE)):
                if kind & bit:
                    triggers[table, verb] = (*triggers.get((table, verb), ()), words)
        cursor.execute(
            """
            SELECT conrelid::regclass::text, confrelid::regclass::text, condeferred
            FROM pg_constraint WHERE contype = 'f'
            """
        )
        keys: dict[bool, dict[str, frozenset[str]]] = {True: {}, False: {}}
        for table, target, is_deferred in cursor.fetchall():
            keys[is_deferred][table] = keys[is_deferred].get(table, NOTHING) | {target}
        cursor.execute(
            """
            SELECT DISTINCT i.indrelid::regclass::text FROM pg_index i
            WHERE (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary
              AND i.indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
            """
        )
        unique = frozenset(row[0] for row in cursor.fetchall())
        # Whose change PostgreSQL takes for a change of the key: columns of plain unique indexes.
        cursor.execute(
            """
            SELECT i.indrelid::regclass::text, array_agg(DISTINCT a.attname::text) FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
            WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY 1
            """
        )
        key_columns = {table: frozenset(names) - {"id"} for table, names in cursor.fetchall()}
    return Schema(tables, triggers, keys[False], keys[True], unique, key_columns)


def _with_what_it_calls(body: str, functions: Mapping[str, str]) -> str:
    """Add the words of the functions that a function calls, and of those that these call."""
    called: dict[str, str] = {}
    bodies = [body]
    while bodies:
        for name in set(re.findall(r"\w+", bodies.pop())) & functions.keys() - called.keys():
            called[name] = functions[name]
            bodies.append(functions[name])
    return "\n".join((body, *called.values()))


@dataclass
class Transaction:
    """Follow one player's transaction: what it holds, what it will make visible, what is checked at its end."""

    written: Holds = frozenset()
    held: Holds = frozenset()
    to_check: frozenset[str] = NOTHING
    _before: tuple[Holds, Holds, frozenset[str]] = (frozenset(), frozenset(), NOTHING)

    def before(self, words: str, params: Sequence[Any] | Mapping[str, Any] | None, *, is_alone: bool) -> Step:
        """Describe the next statement; one that is `alone` is its own transaction and ends with itself."""
        self._before = self.written, self.held, self.to_check
        verb = words.lstrip().split(None, 1)[0].upper()
        if verb in ("SAVEPOINT", "RELEASE"):
            return Step(verb)  # without the name, which is another one each time
        if verb == "ROLLBACK":
            # To a savepoint. What was taken since is let go: on the safe side, everything.
            return Step("ROLLBACK TO SAVEPOINT", releases=self.held)
        if verb == "SET":
            if "IMMEDIATE" in words:
                return self._checks(words)
            return Step(words)
        reads, takes, written, deferred = _touched(words)
        if row := _row(words, params):
            table, _, _ = row.partition("#")
            reads = frozenset(row if read == table else read for read in reads)
            takes = frozenset((row if taken == table else taken, how) for taken, how in takes)
            written = frozenset((row if taken == table else taken, how) for taken, how in written)
        if is_alone:
            return Step(words, reads=reads, takes=takes, publishes=written, releases=takes, ends=True)
        self.written |= written
        self.held |= takes
        self.to_check |= deferred
        return Step(words, reads=reads, takes=takes)

    def found_nothing(self, words: str) -> None:
        """Take back what the last statement would have left behind: it changed no row and locked none.

        What it looked for, and so what could have made it find something, stays said of it. Of a statement that
        writes in more than one place the count says nothing.
        """
        if len(_WRITE.findall(words)) <= 1:
            self.written, self.held, self.to_check = self._before

    def commit(self) -> Step:
        """Describe the end: deferred keys are checked, rows become visible, locks are let go."""
        checks = self._checks("COMMIT")
        step = Step(
            "COMMIT",
            takes=checks.takes,
            publishes=self.written,
            releases=self.held,
            ends=True,
        )
        self.written, self.held, self.to_check = frozenset(), frozenset(), NOTHING
        return step

    def rollback(self) -> Step:
        """Describe the other end: only locks are let go."""
        step = Step("ROLLBACK", releases=self.held, ends=True)
        self.written, self.held, self.to_check = frozenset(), frozenset(), NOTHING
        return step

    def _checks(self, words: str) -> Step:
        takes = frozenset((table, KEY_SHARE) for table in self.to_check)
        self.held |= takes
        return Step(words, takes=takes)


_LOCK = re.compile(r"\bFOR\s+(NO KEY UPDATE|UPDATE|SHARE|KEY SHARE)(?:\s+OF\s+\"?(\w+)\"?)?", re.IGNORECASE)
_WRITE = re.compile(r"(?<!KEY )(?<!FOR )\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)\"?", re.IGNORECASE)
_HOW = {"NO KEY UPDATE": NO_KEY_UPDATE, "UPDATE": EXCLUSIVE, "SHARE": SHARE, "KEY SHARE": KEY_SHARE}


# All that a statement is about is the row of one id, given as a parameter: as Django writes it.
_ONE_ROW = re.compile(
    r'\s*(?:SELECT\s[^()]*\sFROM|UPDATE)\s+"(\w+)"\s(?:(?!\b(?:FROM|JOIN|SELECT)\b)[^%]|%s)*'
    r'\bWHERE\s+"\1"\."id"\s*=\s*%s(?:\s+(?:LIMIT\s+\d+|FOR\s+(?:NO\s+KEY\s+)?UPDATE))*\s*',
    re.IGNORECASE,
)
_RETURNING = re.compile(r"\bRETURNING\b.*", re.IGNORECASE | re.DOTALL)


def _row(words: str, params: Sequence[Any] | Mapping[str, Any] | None) -> str:
    """Name the one row that a statement is about, "" where it is about others, or nobody can say."""
    if KEYS in words and isinstance(params, Mapping):
        return f"{KEYS}#{params['actor']} {params['key']}"
    match = _ONE_ROW.fullmatch(words)
    if not match or not isinstance(params, (list, tuple)) or len(params) != words.count("%s"):
        return ""
    return f"{match[1]}#{params[-1]}" if match[1] in schema().tables else ""


@cache
def _touched(words: str) -> tuple[frozenset[str], Holds, Holds, frozenset[str]]:
    """Find what a statement reads, takes, writes and leaves to be checked at the commit; triggers included."""
    tables = schema().tables
    named = _named(words)
    takes: set[tuple[str, str]] = set()
    for how, of in _LOCK.findall(words):
        meant = {of} & tables if of else named
        if of and not meant:  # the name that the statement gives a table
            meant = set(re.findall(rf"(\w+)\s+(?:AS\s+)?{of}\b", words)) & tables
        takes |= {(table, _HOW[how.upper()]) for table in meant or named}
    reads = set(named)
    if ADVISORY in words:
        takes.add((ADVISORY, EXCLUSIVE))
    deferred: set[str] = set()
    _follow(words, reads=reads, takes=takes, deferred=deferred)
    written = frozenset((table, how) for table, how in takes if how in WRITES)
    return frozenset(reads), frozenset(takes), written, frozenset(deferred)


def _named(words: str) -> frozenset[str]:
    """List the tables whose rows a statement reads: not the one it inserts into, if that is all it says of it."""
    plain = re.sub(r"INSERT\s+INTO\s+\"?\w+\"?", "", _RETURNING.sub("", words), flags=re.IGNORECASE)
    return frozenset(re.findall(r"\w+", plain)) & schema().tables


def _follow(words: str, *, reads: set[str], takes: set[tuple[str, str]], deferred: set[str]) -> None:
    """Add what a statement writes: the rows, their keys, and their triggers with all that these write."""
    for verb, table in _WRITE.findall(words):
        if table not in schema().tables:
            continue
        how = {"INSERT": INSERT, "UPDATE": UPDATE, "DELETE": KEY_UPDATE}[verb.upper().split()[0]]
        if how == UPDATE and any(
            re.search(rf"\b{column}\"?\s*=", words) for column in schema().key_columns.get(table, NOTHING)
        ):
            how = KEY_UPDATE
        if (table, how) in takes:
            continue
        takes.add((table, how))
        takes |= {(target, KEY_SHARE) for target in schema().checked_at_once.get(table, NOTHING)}
        deferred |= schema().checked_at_commit.get(table, NOTHING)
        for body in schema().triggers.get((table, how), ()):
            reads |= frozenset(re.findall(r"\w+", body)) & schema().tables
            _follow(body, reads=reads, takes=takes, deferred=deferred)
