"""PostgreSQL for the web process: pooled, and given up within seconds where nobody answers.

libpq waits for an answer as long as the connection stands. A server that hangs would hold every thread of the
web process, its health page included; so a wait asks now and then whether there is still a server.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Generator
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

from portal import embedded

PATIENCE = 0.5
"""Seconds of silence after which a wait asks whether there is a server."""

SILENCE = 1.0
"""Seconds in which a server has to answer this, and after which it is asked again."""

# "May we talk in TLS?": a server says one letter to it, before any log-in.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class Connection(psycopg.Connection[Any]):
    """A connection that does not wait for a server that is gone."""

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        """Connect as psycopg does; an embedded server that nobody watches over any more is started again.

        The pool asks again a second later. *Raises*: OperationalError.
        """
        try:
            return super().connect(*args, **kwargs)
        except psycopg.OperationalError:
            embedded.revive()
            raise

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """Wait as psycopg does, as long as the server lives.

        *Raises*: OperationalError, and the connection is closed.
        """
        return super().wait(self._watched(gen), *args, **kwargs)

    def _watched(self, gen: Any) -> Generator[Any, Any, Any]:
        look_at = time.monotonic() + PATIENCE
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and time.monotonic() > look_at:
                    if not _answers(self.pgconn):
                        self.pgconn.finish()
                        raise psycopg.OperationalError("the database does not answer")
                    look_at = time.monotonic() + SILENCE
                state = gen.send(ready)
        except StopIteration as done:
            return done.value


def _answers(pgconn: Any) -> bool:
    host, port = (pgconn.hostaddr or pgconn.host).decode(), pgconn.port.decode()
    try:
        if host.startswith("/"):
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(SILENCE)
            line.connect(f"{host}/.s.PGSQL.{port}")
        else:
            line = socket.create_connection((host, int(port)), timeout=SILENCE)
        with line:
            line.sendall(_SSL_REQUEST)
            return bool(line.recv(1))
    except OSError:
        return False


class Pool(ConnectionPool[Connection]):
    """A pool that gives away no connection whose server has said goodbye."""

    def getconn(self, timeout: float | None = None) -> Connection:
        """Take a connection out; one that died while it lay here is replaced, without a round trip."""
        until = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            connection = super().getconn(until - time.monotonic())
            # Nobody has asked anything on it, so whatever there is to read is a goodbye.
            asked = select.poll()
            asked.register(connection.fileno(), select.POLLIN)
            if not asked.poll(0):
                return connection
            connection.close()
            self.putconn(connection)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, with the pool above; opened by the first request of a worker, so never before its fork."""

    # Django's own; its stubs don't name them.
    _connection_pools: dict[str, ConnectionPool[Connection]]
    _configure_connection: Callable[[Connection], None]

    @property
    def pool(self) -> Any:
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias not in self._connection_pools:
            made = Pool(
                connection_class=Connection,
                kwargs={**self.get_connection_params(), "autocommit": True},
                configure=self._configure_connection,
                open=False,
                **options,
            )
            self._connection_pools.setdefault(self.alias, made)
        return super().pool
