"""A go-between on PostgreSQL's socket that can cut a connection at an exact place of a transaction.

It reads the client's messages (https://www.postgresql.org/docs/current/protocol-message-formats.html) and knows
which operation a transaction belongs to, because every operation says so in its first statement. Otherwise it
passes on what it gets.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct
import threading
from collections import Counter
from pathlib import Path

# What a client says first has no letter: the version of the protocol, or one of the requests before it.
PROTOCOL_3 = 3
MARK = re.compile(rb"set_config\('portal\.operation',\s*(?:'([a-z_]+)'|\$1)")


class Proxy:
    """Listens on a socket in `directory`, and connects each client to PostgreSQL's own socket."""

    def __init__(self, *, directory: Path, upstream: Path) -> None:
        self._own = directory / upstream.name
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._listening = threading.Event()
        self._news = threading.Condition()
        # How often an operation was seen to begin; what is to be cut, and what was.
        self._begun: Counter[str] = Counter()
        self._wanted: Counter[tuple[str, str]] = Counter()
        self._cut: Counter[tuple[str, str]] = Counter()
        self._skipped: Counter[str] = Counter()

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._thread.start()
        if not self._listening.wait(10):
            raise RuntimeError("the proxy does not listen")

    def stop(self) -> None:
        """End, with every connection."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def begun(self, operation: str) -> int:
        """Count how often an operation was seen to begin."""
        with self._news:
            return self._begun[operation]

    def wait_for(self, operation: str, *, after: int, seconds: float) -> bool:
        """Wait until an operation has begun more than `after` times."""
        with self._news:
            return self._news.wait_for(lambda: self._begun[operation] > after, seconds)

    def cut(self, operation: str, *, where: str, times: int, skip: int = 0) -> None:
        """Cut the next connections in which this operation commits: before the commit, or after it.

        *Shape*: so many commits are let pass first (`skip`).
        """
        with self._news:
            self._wanted[operation, where] = times
            self._cut[operation, where] = 0
            self._skipped[operation] = skip

    def wait_for_cuts(self, operation: str, *, where: str, times: int, seconds: float) -> int:
        """Wait for the cuts, want no more of them, and count them."""
        with self._news:
            self._news.wait_for(lambda: self._cut[operation, where] >= times, seconds)
            self._wanted[operation, where] = 0
            return self._cut[operation, where]

    # ---- In the thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_unix_server(self._serve, str(self._own)))
        self._listening.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_unix_connection(str(self._upstream))
        except OSError:  # PostgreSQL is away: the client finds nobody, as it would without us
            writer.transport.abort()
            return
        line = _Line(self, client=(reader, writer), server=upstream)
        both = [asyncio.ensure_future(line.from_client()), asyncio.ensure_future(line.from_server())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            line.close()

    def note_begin(self, operation: str) -> None:
        """Tell who waits that an operation has begun."""
        with self._news:
            self._begun[operation] += 1
            self._news.notify_all()

    def takes_cut(self, operation: str) -> str:
        """Say where this commit is to be cut, or nothing; each wish is fulfilled once."""
        with self._news:
            for where in ("before", "after"):
                if self._wanted[operation, where] > 0:
                    if self._skipped[operation] > 0:
                        self._skipped[operation] -= 1
                        return ""
                    self._wanted[operation, where] -= 1
                    return where
        return ""

    def note_cut(self, operation: str, where: str) -> None:
        """Tell who waits that a connection was cut."""
        with self._news:
            self._cut[operation, where] += 1
            self._news.notify_all()


class _Cut(Exception):
    """End both sides of a connection."""


class _Line:
    """One connection."""

    def __init__(
        self,
        proxy: Proxy,
        *,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._client_reader, self._client = client
        self._server_reader, self._server = server
        self._is_started = False
        # The statements that were prepared, by the names under which they are asked again.
        self._prepared: dict[bytes, bytes] = {}
        self._operation = ""
        # The operation whose commit is on its way and must not be answered.
        self._withheld = ""

    def close(self) -> None:
        """Close both sides at once, whatever is still to be written."""
        for writer in (self._client, self._server):
            writer.transport.abort()

    async def from_client(self) -> None:
        """Pass on whole messages, looking at each."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError, _Cut):
            while True:
                message = await self._message()
                self._look_at(message)
                self._server.write(message)
                await self._server.drain()

    async def from_server(self) -> None:
        """Pass on what comes, unless an answer is withheld."""
        held = b""
        with contextlib.suppress(OSError, _Cut):
            while data := await self._server_reader.read(65536):
                if self._withheld:
                    # Everything asked before was answered before, so this begins with a message.
                    held += data
                    if _is_committed(held):
                        self._proxy.note_cut(self._withheld, "after")
                        raise _Cut
                    if _is_ready(held):  # refused: nothing was committed, so there is nothing to lose
                        self._client.write(held)
                        self._withheld, held = "", b""
                else:
                    self._client.write(data)
                await self._client.drain()

    async def _message(self) -> bytes:
        if self._is_started:
            head = await self._client_reader.readexactly(5)
            (length,) = struct.unpack("!i", head[1:])
            return head + await self._client_reader.readexactly(length - 4)
        head = await self._client_reader.readexactly(4)
        (length,) = struct.unpack("!i", head)
        body = await self._client_reader.readexactly(length - 4)
        self._is_started = struct.unpack("!i", body[:4])[0] >> 16 == PROTOCOL_3
        return head + body

    def _look_at(self, message: bytes) -> None:
        kind, body = message[:1], message[5:]
        if kind == b"P":
            name, statement, _ = body.split(b"\0", 2)
            self._prepared[name] = statement
        elif kind == b"B":
            _, name, values = body.split(b"\0", 2)
            self._look_at_statement(self._prepared.get(name, b""), values)
        elif kind == b"Q":
            self._look_at_statement(body[:-1], b"")

    def _look_at_statement(self, statement: bytes, values: bytes) -> None:
        statement = statement.strip()
        if found := MARK.search(statement):
            self._operation = (found[1] or _first_value(values)).decode()
            self._proxy.note_begin(self._operation)
        elif statement.upper() in (b"COMMIT", b"ROLLBACK"):
            operation, self._operation = self._operation, ""
            if not operation or statement.upper() == b"ROLLBACK":
                return
            where = self._proxy.takes_cut(operation)
            if where == "before":
                self._proxy.note_cut(operation, where)
                raise _Cut
            if where == "after":
                self._withheld = operation


def _first_value(values: bytes) -> bytes:
    """Read the first value of a Bind message: after the formats of the values, and how many values there are."""
    (formats,) = struct.unpack("!h", values[:2])
    place = 2 + 2 * formats + 2
    (length,) = struct.unpack("!i", values[place : place + 4])
    return values[place + 4 : place + 4 + length]


def _messages(data: bytes) -> list[tuple[bytes, bytes]]:
    found, place = [], 0
    while place + 5 <= len(data):
        (length,) = struct.unpack("!i", data[place + 1 : place + 5])
        if place + 1 + length > len(data):
            break
        found.append((data[place : place + 1], data[place + 5 : place + 1 + length]))
        place += 1 + length
    return found


def _is_committed(data: bytes) -> bool:
    return (b"C", b"COMMIT\0") in _messages(data)


def _is_ready(data: bytes) -> bool:
    return any(kind == b"Z" for kind, _ in _messages(data))
