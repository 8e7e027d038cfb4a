"""What a statement can see and take hold of, so that the scheduler knows which orders can't matter.

Everything is told by table, never by row, and always on the safe side: two statements that could be told apart
by their rows count as touching the same thing, which only costs orders that are tried in vain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.db import connection

NOTHING: frozenset[str] = frozenset()

# How a table is taken hold of. Which pairs may get into each other's way follows PostgreSQL's row locks; INSERT
# meets another INSERT (or an UPDATE) only in a unique index.
SHARE, KEY_SHARE, NO_KEY_UPDATE, EXCLUSIVE, INSERT, UPDATE = (
    "share",
    "key share",
    "no key",
    "exclusive",
    "ins",
    "upd",
)
MEETING = frozenset(
    frozenset(pair)
    for pair in (
        (SHARE, NO_KEY_UPDATE),
        (SHARE, EXCLUSIVE),
        (SHARE, UPDATE),
        (KEY_SHARE, EXCLUSIVE),
        (KEY_SHARE, UPDATE),
        (NO_KEY_UPDATE,),
        (NO_KEY_UPDATE, EXCLUSIVE),
        (NO_KEY_UPDATE, UPDATE),
        (EXCLUSIVE,),
        (EXCLUSIVE, UPDATE),
        (UPDATE,),
    )
)
MEETING_IN_AN_INDEX = frozenset({frozenset((INSERT,)), frozenset((INSERT, UPDATE))})

Holds = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Step:
    """Hold what a player is about to do: a statement, or the end of a transaction.

    *Shape*: `reads` are tables it sees committed rows of; `takes` are (table, how) it locks or writes;
    `publishes` are tables whose new rows others see after it; `releases` what others may take after it; after a
    step that `ends`, no transaction is open.
    """

    words: str
    reads: frozenset[str] = NOTHING
    takes: Holds = frozenset()
    publishes: frozenset[str] = NOTHING
    releases: Holds = frozenset()
    ends: bool = False


def are_dependent(one: Step, other: Step) -> bool:
    """Tell whether the order of two steps of different transactions can make a difference.

    Reading and writing the same table is no reason: what is not committed is seen by nobody else. It is the
    commit that a reader meets.
    """
    if _meet(one.takes, other.takes) or _meet(one.releases, other.takes) or _meet(other.releases, one.takes):
        return True
    return bool(one.publishes & _looked_at(other) or other.publishes & _looked_at(one))


def _looked_at(step: Step) -> frozenset[str]:
    return step.reads | {table for table, _ in step.takes}


@cache
def _meet(some: Holds, others: Holds) -> bool:
    for table, how in some:
        for other_table, other_how in others:
            if table == other_table:
                pair = frozenset((how, other_how))
                if pair in MEETING or (pair in MEETING_IN_AN_INDEX and table in schema().with_unique_index):
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


@cache
def schema() -> Schema:
    """Read the catalogue, once: the schema stays as it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = frozenset(row[0] for row in cursor.fetchall())
        cursor.execute(
            """
            SELECT c.relname, t.tgtype, p.prosrc FROM pg_trigger t
            JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal AND p.proname <> 'portal_note_unmarked_change'
            """
        )
        triggers: dict[tuple[str, str], tuple[str, ...]] = {}
        for table, kind, words in cursor.fetchall():
            for bit, verb in ((4, INSERT), (16, UPDATE)):
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
    return Schema(tables, triggers, keys[False], keys[True], unique)


@dataclass
class Transaction:
    """Follow one player's transaction: what it holds, what it will make visible, what is checked at its end."""

    written: frozenset[str] = NOTHING
    held: Holds = frozenset()
    to_check: frozenset[str] = NOTHING

    def before(self, words: str, *, is_alone: bool) -> Step:
        """Describe the next statement; one that is `alone` is its own transaction and ends with itself."""
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
        if is_alone:
            return Step(words, reads=reads, takes=takes, publishes=written, releases=takes, ends=True)
        self.written |= written
        self.held |= takes
        self.to_check |= deferred
        return Step(words, reads=reads, takes=takes)

    def commit(self) -> Step:
        """Describe the end: deferred keys are checked, rows become visible, locks are let go."""
        checks = self._checks("COMMIT")
        step = Step(
            "COMMIT",
            reads=checks.reads,
            takes=checks.takes,
            publishes=self.written,
            releases=self.held,
            ends=True,
        )
        self.written, self.held, self.to_check = NOTHING, frozenset(), NOTHING
        return step

    def rollback(self) -> Step:
        """Describe the other end: only locks are let go."""
        step = Step("ROLLBACK", releases=self.held, ends=True)
        self.written, self.held, self.to_check = NOTHING, frozenset(), NOTHING
        return step

    def _checks(self, words: str) -> Step:
        takes = frozenset((table, KEY_SHARE) for table in self.to_check)
        self.held |= takes
        return Step(words, reads=self.to_check, takes=takes)


_LOCK = re.compile(r"\bFOR\s+(NO KEY UPDATE|UPDATE|SHARE|KEY SHARE)(?:\s+OF\s+\"?(\w+)\"?)?", re.IGNORECASE)
_WRITE = re.compile(r"(?<!KEY )(?<!FOR )\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)\"?", re.IGNORECASE)
_HOW = {"NO KEY UPDATE": NO_KEY_UPDATE, "UPDATE": EXCLUSIVE, "SHARE": SHARE, "KEY SHARE": KEY_SHARE}


@cache
def _touched(words: str) -> tuple[frozenset[str], Holds, frozenset[str], frozenset[str]]:
    """Find what a statement reads, takes, writes and leaves to be checked at the commit; triggers included."""
    tables = schema().tables
    named = frozenset(re.findall(r"\w+", words)) & tables
    takes: set[tuple[str, str]] = set()
    for how, of in _LOCK.findall(words):
        locked = named
        if of in tables:
            locked = frozenset({of})
        elif of and (meant := re.search(rf"(\w+)\s+(?:AS\s+)?{of}\b", words)) and meant[1] in tables:
            locked = frozenset({meant[1]})
        takes |= {(table, _HOW[how.upper()]) for table in locked}
    reads, written, deferred = set(named), set(), set()
    for verb, table in _WRITE.findall(words):
        if table in tables:
            how = INSERT if verb.upper().startswith("INSERT") else UPDATE
            _follow(table, how, reads=reads, takes=takes, written=written, deferred=deferred)
    return frozenset(reads), frozenset(takes), frozenset(written), frozenset(deferred)


def _follow(
    table: str, how: str, *, reads: set[str], takes: set[tuple[str, str]], written: set[str], deferred: set[str]
) -> None:
    """Add what writing a table does: itself, its keys, and its triggers with all that they write."""
    if (table, how) in takes:
        return
    takes.add((table, how))
    written.add(table)
    at_once = schema().checked_at_once.get(table, NOTHING)
    reads |= at_once
    takes |= {(target, KEY_SHARE) for target in at_once}
    deferred |= schema().checked_at_commit.get(table, NOTHING)
    for body in schema().triggers.get((table, how), ()):
        reads |= frozenset(re.findall(r"\w+", body)) & schema().tables
        for verb, target in _WRITE.findall(body):
            if target in schema().tables:
                kind = INSERT if verb.upper().startswith("INSERT") else UPDATE
                _follow(target, kind, reads=reads, takes=takes, written=written, deferred=deferred)
