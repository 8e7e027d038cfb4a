"""Where the benchmarks work: an embedded PostgreSQL of their own, a database of N organisations, the real server.

The database is kept from run to run while number, schema and day are the same. Whoever only reads uses it as it is;
whoever writes takes a copy and throws it away, so that each benchmark finds what the one before it found.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from bench import house, population
from portal import embedded

AGENTS = tuple(f"bench-agent-{number}" for number in range(1, 9))
AUDITOR = "bench-auditor"
BILLING = "bench-billing"
SUPERUSER = "bench-superuser"
PASSWORD = "every-figure-1"
_START_WITHIN = 120.0
_MODEL = "bench_migrated"
_TINY = 1000
"""Organisations below which nothing that is measured means anything."""


def say(line: str) -> None:
    """Tell whoever waits what is going on."""
    print(line, file=sys.stderr, flush=True)


class World:
    """Holds what is measured on. *Shape*: `url` is the database of N organisations, for those who only read;
    `turns` is how often ours and the floor or peer take turns: the median counts; `beside` is the checkout that a
    subject may compare this one with, this one itself where none is given.
    """

    def __init__(self, *, rows: int, turns: int, beside: Path = embedded.ROOT) -> None:
        self.rows = rows
        self.turns = turns
        self.beside = beside
        self.home = embedded.data_directory() / "bench"
        self.url = ""
        self._server_url = ""
        self._shared: dict[str, tuple[str, int]] = {}
        self._sharing = contextlib.ExitStack()

    def times(self, most: int) -> int:
        """Say how often to do what is done `most` times elsewhere; a tiny database only shows that all works."""
        return 2 if self.rows < _TINY else min(most, self.rows // 50)

    def warm_up(self, most: int) -> int:
        """Say how often to do first what is not counted: `most` times elsewhere, hardly on a tiny database."""
        return 1 if self.rows < _TINY else min(most, self.rows // 100)

    def open(self, *, fresh: bool) -> None:
        """Start PostgreSQL, and build the database unless it is there; set Django up on it."""
        self.start()
        os.environ["DATABASE_URL"] = self.url = self._address(f"bench_{self.rows}")
        self._provide(fresh=fresh)
        import django

        django.setup()

    def start(self) -> None:
        """Start PostgreSQL alone."""
        for name in house.HIDDEN:
            os.environ.pop(name, None)
        self.home.mkdir(parents=True, exist_ok=True)
        os.environ |= {"PORTAL_DATA": str(self.home), "DJANGO_SETTINGS_MODULE": "portal.settings"}
        self._server_url = embedded.join(as_owner=True)

    def tenth(self) -> World:
        """Give a world of a tenth of the organisations, beside this one."""
        small = World(rows=self.rows // 10, turns=self.turns)
        small._server_url = self._server_url
        small.url = self._address(f"bench_{small.rows}")
        small._provide(fresh=False)
        return small

    def _provide(self, *, fresh: bool) -> None:
        name = f"bench_{self.rows}"
        wanted = population.key(rows=self.rows, today=datetime.now(tz=UTC).date())
        if fresh or self._comment(name) != wanted:
            self._build(name, wanted)

    def _address(self, database: str) -> str:
        return conninfo.make_conninfo(self._server_url, dbname=database)

    def _comment(self, database: str) -> str | None:
        with psycopg.connect(self._server_url) as connection:
            row = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [database]
            ).fetchone()
        return row[0] if row else None

    def _build(self, name: str, wanted: str) -> None:
        started = time.monotonic()
        say(f"building a database of {self.rows:,} organisations")
        self._provide_model()
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            drop_database(connection, name)
            like = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            connection.execute(like.format(sql.Identifier(name), sql.Identifier(_MODEL)))
        with psycopg.connect(self.url, autocommit=True) as connection:
            population.build(
                connection,
                rows=self.rows,
                today=datetime.now(tz=UTC).date(),
                tell=lambda what: say(f"{time.monotonic() - started:6.0f} s  {what}"),
            )
        self._mark(name, wanted)
        say(f"{time.monotonic() - started:6.0f} s  built")

    def _provide_model(self) -> None:
        """Migrate the database that all others are copies of, with the bench's people, unless it is there."""
        wanted = population.schema_key()
        if self._comment(_MODEL) == wanted:
            return
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            drop_database(connection, _MODEL)
            connection.execute(_new(_MODEL))
        self.command("migrate", "--verbosity", "0", url=self._address(_MODEL))
        self.command("shell", "--verbosity", "0", "-c", self.staff(), url=self._address(_MODEL))
        self._mark(_MODEL, wanted)

    def _mark(self, name: str, wanted: str) -> None:
        """Say what a database holds. Last of all: one that was only half built has no such mark."""
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(wanted))
            )

    @staticmethod
    def staff() -> str:
        """Give the program that makes the bench's people."""
        roles = {**dict.fromkeys(AGENTS, "agent"), AUDITOR: "auditor", BILLING: "billing", SUPERUSER: "superuser"}
        return _STAFF.format(roles=roles, password=PASSWORD)

    # ---- Databases -----------------------------------------------------------------------------------------

    def connect(self, url: str = "") -> psycopg.Connection[Any]:
        """Connect to a database, that of N organisations when none is named; commits by itself."""
        return psycopg.connect(url or self.url, autocommit=True, application_name="bench")

    @contextlib.contextmanager
    def copy(self, url: str = "", *, name: str = "") -> Iterator[str]:
        """Make a database with the content of another (that of N organisations when none is named), to be written
        to; gone in the end. Gives its address.
        """
        from django.db import connections

        for connection in connections.all(initialized_only=True):
            connection.close()
        # What is copied is used by nobody.
        self.end_sharing()
        original = str(conninfo.conninfo_to_dict(url or self.url)["dbname"])
        name = name or f"{original}_copy"
        target, source = sql.Identifier(name), sql.Identifier(original)
        # As files: written through the log, a large database would take minutes.
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(target, source)
        with self._made(name, make) as address:
            yield address

    @contextlib.contextmanager
    def on(self, at: datetime) -> Iterator[None]:
        """Let the server's clock say `at`, and that of the programs which are run here; then the real one again."""
        clock = house.Clock(at)
        try:
            self._restart(clock.environment)
            os.environ |= clock.shared
            yield
        finally:
            house.forget_clock()
            clock.close()
            self._restart({})

    def _restart(self, environment: dict[str, str]) -> None:
        house.leave_database(self.home)
        hidden = {
            name: os.environ.pop(name) for name in ("DATABASE_URL", embedded.URL_VARIABLE) if name in os.environ
        }
        os.environ |= environment
        if embedded.join(as_owner=True) != self._server_url:
            raise RuntimeError("the server is somewhere else now")
        os.environ |= hidden

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """Make a migrated database without organisations; gone in the end. Gives its address."""
        self._provide_model()
        with self.copy(self._address(_MODEL), name="bench_empty") as url:
            yield url

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Make a database for a checkout to migrate; gone in the end. Gives its address."""
        with self._made(name, _new(name)) as address:
            yield address

    @contextlib.contextmanager
    def _made(self, name: str, make: sql.Composed) -> Iterator[str]:
        # A connection for each end: between them the server may be restarted with another clock.
        with psycopg.connect(self._server_url, autocommit=True) as server:
            drop_database(server, name)
            server.execute(make)
        try:
            yield self._address(name)
        finally:
            with psycopg.connect(self._server_url, autocommit=True) as server:
                drop_database(server, name)

    # ---- Processes -----------------------------------------------------------------------------------------

    def environment(self, url: str = "") -> dict[str, str]:
        """Give the environment in which a program of the portal uses a database."""
        return {**os.environ, "DATABASE_URL": url or self.url}

    def command(self, *arguments: str, url: str = "") -> str:
        """Run a management command to its end and give what it printed."""
        return self.python(str(embedded.ROOT / "manage.py"), *arguments, url=url)

    def python(self, *arguments: str, url: str = "") -> str:
        """Run a program of ours to its end and give what it printed."""
        ended = subprocess.run(
            [sys.executable, *arguments],
            cwd=embedded.ROOT,
            env=self.environment(url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            close_fds=True,
        )
        if ended.returncode:
            raise RuntimeError(f"{' '.join(arguments)} ended with {ended.returncode}: {ended.stderr[-2000:]}")
        return ended.stdout

    @contextlib.contextmanager
    def serve(
        self,
        url: str = "",
        *,
        python: str = sys.executable,
        root: Path = embedded.ROOT,
        environment: dict[str, str] | None = None,
    ) -> Iterator[int]:
        """Run the server as `./run` starts it, over a database; also that of another checkout. Gives its port."""
        port = house.free_port()
        with (self.home / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [python, str(root / "manage.py"), "serve"],
                cwd=root,
                env={**(environment or self.environment(url)), "PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=house.die_with_parent,
            )
        try:
            self._wait_for(server, port)
            yield port
        finally:
            house.end(server)

    def serve_readers(self) -> int:
        """Serve that of N organisations to one subject after the other, until it is copied. Gives the port."""
        if "readers" not in self._shared:
            self.end_sharing()
            self._shared["readers"] = (self.url, self._sharing.enter_context(self.serve()))
        return self._shared["readers"][1]

    def serve_writers(self) -> tuple[str, int]:
        """Serve one copy to subjects that write a little, one after the other, until another copy is made.

        Gives its address, by which they find what is as it was, and the port.
        """
        if "writers" not in self._shared:
            url = self._sharing.enter_context(self.copy())
            self._shared["writers"] = (url, self._sharing.enter_context(self.serve(url)))
        return self._shared["writers"]

    def end_sharing(self) -> None:
        """End the servers that subjects share, if there are any."""
        self._shared.clear()
        self._sharing.close()

    def _wait_for(self, server: subprocess.Popen[bytes], port: int) -> None:
        until = time.monotonic() + _START_WITHIN
        while time.monotonic() < until and server.poll() is None:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.suppress(OSError, http.client.HTTPException):
                line.request("GET", "/readyz")
                if line.getresponse().status == 200:
                    return
            line.close()
            time.sleep(0.1)
        raise RuntimeError(f"the server does not answer: see {self.home / 'server.log'}")


def _new(name: str) -> sql.Composed:
    """Write how a database begins: as the server's own, which is empty unless somebody has migrated it before."""
    begin = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    return begin.format(sql.Identifier(name), sql.Identifier(embedded.DATABASE))


def drop_database(server: psycopg.Connection[Any], name: str) -> None:
    """Drop a database with those who use it."""
    try:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        # PostgreSQL itself is vacuuming there, as somebody else; without FORCE it stops by itself.
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


# The password is hashed once: each time takes a good part of a second.
_STAFF = """
from django.contrib.auth import models
from django.contrib.auth.hashers import make_password
from django.utils import timezone
try:
    from portal.frame import SYSTEM
except ImportError:  # a checkout of before 29 November 2026
    from portal.audit.operations import SYSTEM
try:
    from portal.staff.operations import accounts
except ImportError:  # an older one
    from portal import operations as accounts
hashed = make_password("{password}")
models.make_password = lambda password: hashed
for name, role in {roles!r}.items():
    accounts.create_staff(username=name, role=role, password="{password}", by=SYSTEM,
                          at=timezone.now())
"""
