"""What an app declares of its CSV files. The engine knows no file and no table but those it is told of here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Gives the text that is kept of a value, or raises values.Malformed.
Parser = Callable[[str], str]
# Canonical values by column, None where nothing usable was given.
Row = dict[str, str | None]
# What is wrong within a row: the column, and the sentence.
RowRule = Callable[[Row], Iterator[tuple[str, str]]]


@dataclass(frozen=True)
class Column:
    """One column. *Shape*: `sql` is its type when staged; `normal` writes a value the one way it is hashed.

    `refers` is the file whose records it names by their key.
    """

    name: str
    parse: Parser
    sql: str = "text"
    required: bool = True
    default: str | None = None
    normal: Parser = str
    refers: File | None = None


@dataclass(frozen=True)
class Aside:
    """Which rows an update puts aside, as exceptions: those about what ended here.

    *Shape*: `ended` is a query that gives `why` for a staged row (s), or nothing; `column` is the one an exception
    is named by where no value of it has changed.
    """

    column: str
    ended: str
    what_to_do: str


@dataclass(frozen=True)
class Kept:
    """How the database keeps the records of a file. All of it is SQL in which k is the record, s the staged row.

    *Shape*: `tables` is a FROM, the table of k first, which has `id` and `row_sha256` (empty for what was not
    imported); `same` tells which s is the same record. `now` gives, by column, the value that the portal has now;
    columns left out belong to the key or can't be told from the facts. Left empty, those of `silent_if_empty` say
    nothing: they follow from other rows, or are only hints. An update may change those of `changeable`: the rows
    are then in `changed_FILE`.

    `everything` is the query of the table `all_FILE`, for checks and for what refers to the file; `indexes` are on
    that table. Of a file that others refer to it is made of the query of all keys that are named, and gives what
    has one of them, staged or known, with the first staged `line`.
    """

    tables: str
    same: str
    now: Mapping[str, str]
    silent_if_empty: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    aside: Aside | None = None
    everything: str | Callable[[str], str] = ""
    indexes: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return self.tables.split(" ", 1)[0]


@dataclass(frozen=True, eq=False)
class File:
    """One file. *Shape*: `app` is its name in the audit; `key` names the columns of the key, `faulted` the one its
    faults are named by.

    `derived` are columns computed for staging from the row: name, function.
    """

    name: str
    app: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    faulted: str
    kept: Kept
    rule: RowRule | None = None
    derived: tuple[tuple[str, Callable[[Row], str | None]], ...] = ()
    required: bool = False

    @property
    def csv(self) -> str:
        return f"{self.name}.csv"

    @property
    def table(self) -> str:
        return f"import_{self.name}"

    @property
    def all_table(self) -> str:
        return f"all_{self.name}"

    @property
    def changed_table(self) -> str:
        return f"changed_{self.name}"

    def place(self, column: str) -> int:
        """Count the columns before one, as faults are ordered. *Raises*: StopIteration."""
        return next(place for place, its in enumerate(self.columns) if its.name == column)


@dataclass(frozen=True)
class Check:
    """One kind of fault. *Shape*: `query` gives line and sentence; `needs` are files that must be readable, else
    nobody can say.
    """

    file: File
    column: str
    query: str
    needs: tuple[File, ...] = field(default=())


def _nothing(cursor: Any, *, at: datetime) -> None:
    """Prepare nothing."""


def _no_settings() -> dict[str, int]:
    return {}


@dataclass(frozen=True)
class Part:
    """What one app has imported. *Shape*: `files` in the order in which they are read.

    `locks` are queries that lock what is added to, in the order of locks. `prepare` makes tables that `everything`
    of its files reads. `settings` are numbers that its statements find in `import_run`, beside `at` and `actor`.

    `load` writes what is new, each app after those it builds on. `load_last` follows once all apps have done so.
    `change` writes what an update may change. `adds` holds queries by the name under which an app below takes them:
    keys, by the name of the file that they are keys of, or whatever its `Declared.added_to` asks for.
    """

    files: tuple[File, ...]
    locks: tuple[str, ...] = ()
    prepare: Callable[..., None] = _nothing
    checks: tuple[Check, ...] = ()
    settings: Callable[[], Mapping[str, int]] = _no_settings
    load: tuple[str, ...] = ()
    load_last: tuple[Query, ...] = ()
    change: tuple[str, ...] = ()
    adds: Mapping[str, Query] = field(default_factory=dict)


class Declared:
    """All that is declared, together. *Shape*: apps from the lowest up; files in the order in which they are read,
    and in which faults are printed.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.files = tuple(file for part in parts for file in part.files)
        self._places = {file.name: place for place, file in enumerate(self.files)}

    def place(self, file: File) -> int:
        """Give the place of a file in the order of files."""
        return self._places[file.name]

    def added_to(self, name: str) -> tuple[str, ...]:
        """Give the queries that apps add under a name."""
        return tuple(self.written(part.adds[name]) for part in self.parts if name in part.adds)

    def written(self, query: Query) -> str:
        """Write a query that may depend on what else is declared."""
        return query if isinstance(query, str) else query(self)

    def keys_of(self, home: File) -> str:
        """Write the query of every key of a file that the directory names or stands on."""
        (key,) = home.key
        named = [f"SELECT {key} FROM {home.table}"]  # noqa: S608 - from the declarations, as all below
        named += [
            f"SELECT {column.name} FROM {file.table}"  # noqa: S608
            for file in self.files
            for column in file.columns
            if column.refers is home
        ]
        return " UNION ".join((*named, *self.added_to(home.name)))


Query = str | Callable[[Declared], str]
