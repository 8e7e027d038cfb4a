"""gunicorn's threaded worker, except that a request meets a thread only once it is there as a whole.

As gunicorn has it, a thread reads the request, for as long as its client takes: some twenty clients that send
half of one and fall silent would hold every thread. Here the main loop receives requests, and never waits for
anybody. It gives each some time, and where there are too many it drops those that take longest.

This builds on gunicorn's inside: tests/launcher/test_slow_clients.py says whether a new version still fits.
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn.workers import gthread

PATIENCE = 30.0
"""Seconds in which a request has to be there as a whole."""

GOODBYE = 2.0
"""Seconds in which a client that was answered for good has to close its side."""

AT_ONCE = 64 * 1024
"""Bytes that are read in one turn of the loop."""

LARGEST_HEAD = 64 * 1024
"""Bytes; browsers and proxies stay far below."""

LARGEST_BODY = 1_000_000
"""Bytes of a body that is waited for; the portal refuses a longer one unread (DATA_UPLOAD_MAX_MEMORY_SIZE)."""

HELD_AT_MOST = 32 * 1024 * 1024
"""Bytes of requests that are not there as a whole, of all connections together."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,20})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_NAMES = re.compile(rb"^(content-length|transfer-encoding|expect)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Incoming:
    """A request that is being received."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.data = bytearray()
        self.size: int | None = None
        """Bytes of head and body; not known before the head is there."""
        self.is_refused = False
        """Its body is not waited for: the portal answers without reading it."""

    def take(self, more: bytes) -> bool:
        """Add what came in; say whether the head ended with it."""
        seen = max(0, len(self.data) - len(_END_OF_HEAD))
        self.data += more
        if self.size is not None:
            return False
        if not seen:
            # Empty lines before a request are passed over, here as in gunicorn.
            while self.data.startswith(b"\r\n"):
                del self.data[:2]
        end = self.data.find(_END_OF_HEAD, seen)
        if end < 0:
            return False
        head = bytes(self.data[: end + 2])
        names = [name.lower() for name in _NAMES.findall(head)]
        self.size = end + len(_END_OF_HEAD)
        lengths = [int(length) for length in _LENGTH.findall(head)]
        is_clear = len(lengths) == names.count(b"content-length") <= 1 and b"transfer-encoding" not in names
        if is_clear and sum(lengths) <= LARGEST_BODY:
            self.size += sum(lengths)
        else:
            self.is_refused = True
        return True

    @property
    def is_complete(self) -> bool:
        return self.size is not None and len(self.data) >= self.size

    @property
    def waits_for_a_word(self) -> bool:
        """Say whether the client sends its body only after a "go on"."""
        return bool(re.search(rb"^expect:[ \t]*100-continue", self.data, re.IGNORECASE | re.MULTILINE))


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """Receive in the main loop, answer in threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the order in which they began, so that the first one has waited longest.
        self._incoming: dict[Any, Incoming] = {}
        self._stops_at: float | None = None

    def enqueue_req(self, conn: Any) -> None:
        """Receive the request first; gunicorn hands over new connections and kept ones that became readable."""
        conn.sock.setblocking(False)
        incoming = self._incoming[conn] = Incoming(time.monotonic() + PATIENCE)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))
        # What came in behind the request before this one.
        incoming.take(conn.parser.unreader.take_buffered() if conn.parser else b"")
        if incoming.is_complete:
            self._hand_over(conn)
        else:
            self._receive(conn, conn.sock)

    def _receive(self, conn: Any, sock: socket.socket) -> None:
        incoming = self._incoming[conn]
        more = self._read(conn)
        if more is None:
            return
        is_head = incoming.take(more)
        if incoming.size is None and len(incoming.data) > LARGEST_HEAD:
            self._say(sock, _TOO_LARGE)
            self._leave(conn)
        elif incoming.is_complete:
            self._hand_over(conn)
        elif is_head and incoming.waits_for_a_word:
            self._say(sock, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _read(self, conn: Any) -> bytes | None:
        """Read what is there; None where nothing is, or where the client is gone."""
        try:
            more: bytes = conn.sock.recv(AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:
            more = b""
        if not more:
            self._drop(conn)
        return more or None

    def _say(self, sock: socket.socket, words: bytes) -> None:
        with contextlib.suppress(OSError):
            sock.send(words)

    def _hand_over(self, conn: Any) -> None:
        incoming = self._incoming.pop(conn)
        self.poller.unregister(conn.sock)
        conn.init()
        conn.parser.unreader.unread(bytes(incoming.data))
        conn.data_ready = True
        conn.is_refused = incoming.is_refused
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Close after a body that nobody reads: no thread waits for its rest."""
        return not conn.is_refused and super()._keepalive_after(conn, keepalive)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Let a connection that ends go without waiting for its client: this is the main loop."""
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
            return
        conn.sock.setblocking(False)
        self._incoming[conn] = Incoming(time.monotonic() + GOODBYE)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._pass_over, conn))
        self._leave(conn)

    def _leave(self, conn: Any) -> None:
        """Say that nothing more comes, and pass over what the client still sends: else it would miss the answer."""
        incoming = self._incoming[conn]
        incoming.data.clear()
        incoming.until = time.monotonic() + GOODBYE
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
        else:
            self.poller.modify(conn.sock, selectors.EVENT_READ, partial(self._pass_over, conn))

    def _pass_over(self, conn: Any, sock: socket.socket) -> None:
        self._read(conn)

    def murder_pending(self) -> None:
        """Drop what takes too long, and the oldest where there is too much; called by each turn of the loop."""
        super().murder_pending()
        now = time.monotonic()
        if not self.alive and self._stops_at is None:
            self._stops_at = now + gthread.STOP_KEEPALIVE_LINGER
        for conn, incoming in list(self._incoming.items()):
            if now >= min(incoming.until, self._stops_at or incoming.until):
                self._drop(conn)
        held = sum(len(incoming.data) for incoming in self._incoming.values())
        while self._incoming and (held > HELD_AT_MOST or self.nr_conns >= self.worker_connections):
            conn = next(iter(self._incoming))
            held -= len(self._incoming[conn].data)
            self._drop(conn)

    def _drop(self, conn: Any) -> None:
        del self._incoming[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
