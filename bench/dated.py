"""A portal of the bench's own, without a server, whose clock and that of its database say what the bench wants."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from bench import house, world
from portal import embedded

Tell = Callable[[str], None]


class Place(house.House):
    """Holds databases beside each other, each of which is used under the clock that was set last.

    `open_at` it first, `close` it in the end whatever happened. Where nothing else is said a database is named; a
    program with "" finds the one of the data directory by itself.
    """

    def __init__(self, *, begin: Path | None = None) -> None:
        """Make a directory. *Shape*: `begin` is a data directory, migrated before, not in use, that is copied."""
        super().__init__(begin=begin)
        self._ahead = timedelta()
        self._clock: house.Clock | None = None

    def open_at(self, at: datetime, tell: Tell) -> None:
        """Start PostgreSQL under a clock that says `at`, and migrate the database that others are copies of."""
        for name in house.HIDDEN:
            os.environ.pop(name, None)
        os.environ |= {"PORTAL_DATA": str(self.data), "DJANGO_SETTINGS_MODULE": "portal.settings"}
        tell("starting PostgreSQL")
        self._join(at)
        if not self._is_migrated:
            # As `./run migrate` does: who is told the owner's address does not know whom to let work.
            self.run("", "migrate", "--verbosity", "0")

    def move_to(self, at: datetime) -> None:
        """Let the clock say `at`, that of PostgreSQL too, which is started anew."""
        self._leave_database()
        self._join(at)

    def close(self, *, keep_logs: Path | None = None) -> None:
        """End everything, and give the bench its clock back."""
        super().close(keep_logs=keep_logs)
        for name in [name for name in os.environ if name == "LD_PRELOAD" or name.startswith("FAKETIME")]:
            del os.environ[name]

    def now(self) -> datetime:
        """Give what the moved clock says."""
        return datetime.now(UTC) + self._ahead

    def _join(self, at: datetime) -> None:
        house.forget_clock()
        if self._clock:
            self._clock.close()
        self._ahead = at - datetime.now(UTC)
        self._clock = house.Clock(at)
        os.environ.pop(embedded.URL_VARIABLE, None)
        # The bench itself keeps its clock: what it starts reads this.
        os.environ |= self._clock.environment
        self.url = embedded.join(as_owner=True)

    def _leave_database(self) -> None:
        # Nothing here uses Django's connections, so there are none to close.
        house.let_go(self.data)

    # ---- Databases -----------------------------------------------------------------------------------------

    def address(self, database: str, *, as_owner: bool = False) -> str:
        """Give the address of a database, for the role that works."""
        url = self.url if as_owner else embedded.runtime_url(self.data)
        return conninfo.make_conninfo(url, dbname=database)

    def copy(self, original: str, name: str) -> None:
        """Make a database with the content of another, which nobody may be using."""
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        with psycopg.connect(conninfo.make_conninfo(self.url, dbname="postgres"), autocommit=True) as server:
            world.drop_database(server, name)
            server.execute(make.format(sql.Identifier(name), sql.Identifier(original)))

    def drop(self, name: str) -> None:
        """Drop a database."""
        with psycopg.connect(conninfo.make_conninfo(self.url, dbname="postgres"), autocommit=True) as server:
            world.drop_database(server, name)

    @contextlib.contextmanager
    def asking(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        """Connect to a database as its owner."""
        with psycopg.connect(
            self.address(database, as_owner=True), autocommit=True, application_name="bench"
        ) as one:
            yield one

    # ---- Processes -----------------------------------------------------------------------------------------

    def run(self, database: str, *arguments: str) -> str:
        """Run manage.py with these arguments to its end and give what it printed. *Raises*: RuntimeError."""
        return self.python(database, str(embedded.ROOT / "manage.py"), *arguments)

    def python(self, database: str, *arguments: str) -> str:
        """Run a program of ours on a database to its end and give what it printed. *Raises*: RuntimeError."""
        child = self.begin(database, *arguments, log="program")
        if child.wait():
            raise RuntimeError(f"{' '.join(arguments)} ended with {child.returncode}: {self.log('program.err')}")
        return self.output("program")

    def begin(self, database: str, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        """Start a program of ours on a database; its output goes to LOG.out and LOG.err."""
        environment = {name: value for name, value in os.environ.items() if name != embedded.URL_VARIABLE}
        if database:
            environment["DATABASE_URL"] = self.address(database)
        environment |= self._clock.shared if self._clock else {}
        if environment.pop("PYTHONDONTWRITEBYTECODE", ""):  # each of many would compile everything again
            environment.setdefault("PYTHONPYCACHEPREFIX", str(self.home / "bytecode"))
        with (self.home / f"{log}.out").open("wb") as out, (self.home / f"{log}.err").open("wb") as err:
            child = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=embedded.ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # Ctrl-C is ours to handle
                preexec_fn=house.die_with_parent,
            )
        self._children = [known for known in self._children if known.poll() is None] + [child]
        return child

    def output(self, log: str) -> str:
        """Give all that a program has printed."""
        return (self.home / f"{log}.out").read_text(errors="replace")
