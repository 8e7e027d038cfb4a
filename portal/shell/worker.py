"""waitress within gunicorn: gunicorn looks after the processes, waitress after their connections.

gunicorn's own threads read a request for as long as its client takes, so some twenty clients that send half of one
and fall silent would hold every thread. waitress receives in its main loop, which waits for nobody, and gives a
thread only what is there as a whole; answers leave it the same way.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from django.conf import settings
from gunicorn.workers import base
from waitress import adjustments, server, task

PATIENCE = 30
"""Seconds for which a client may be silent, in the middle of a request or between two."""

LARGEST_HEAD = 64 * 1024
"""Bytes; browsers and proxies stay far below."""

ROOM = 8
"""Connections that are kept free for newcomers."""

_TURN = 1
"""Seconds after which the loop looks around even if nothing happens."""


class Server(server.TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Make room where all connections are in use: who has been there longest without a request goes."""

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        surplus = len(self.active_channels) + ROOM - self.adj.connection_limit
        if surplus > 0:
            waiting = [
                one for one in self.active_channels.values() if not one.requests and not one.total_outbufs_len
            ]
            for channel in sorted(waiting, key=lambda one: one.creation_time)[:surplus]:
                channel.will_close = True

    @property
    def is_idle(self) -> bool:
        """Say whether nobody waits for an answer, or for the rest of one."""
        return not any(one.requests or one.total_outbufs_len for one in self.active_channels.values())


class Worker(base.Worker):  # type: ignore[misc]  # gunicorn has no types
    """One web process."""

    _server: Server | None = None

    def run(self) -> None:
        """Serve until told to end; then answer what has been asked, for as long as gunicorn gives."""
        # A queue is no news: it is there whenever more people click at once than there are threads.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        (listener,) = self.sockets
        adjusted = adjustments.Adjustments(
            sockets=[listener.sock],
            connection_limit=self.cfg.worker_connections,
            channel_timeout=PATIENCE,
            cleanup_interval=_TURN,
            max_request_header_size=LARGEST_HEAD,
            # One more than is taken, as waitress counts. What is longer is refused before it is read.
            max_request_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1,
            # The portal itself reads what a trusted proxy says.
            clear_untrusted_proxy_headers=False,
            ident=None,
        )
        threads = task.ThreadedTaskDispatcher()
        threads.set_thread_count(self.cfg.threads)
        connections: dict[int, Any] = {}
        sock = listener.sock
        serving = self._server = Server(
            self.wsgi,
            connections,
            True,
            sock,
            dispatcher=threads,
            adj=adjusted,
            sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
            bind_socket=False,
        )
        while self.alive and self.ppid == os.getppid():
            self._turn(serving, connections)
        serving.accepting = False
        until = time.monotonic() + self.cfg.graceful_timeout
        while not serving.is_idle and time.monotonic() < until:
            self._turn(serving, connections)
        threads.shutdown(timeout=1)

    def _turn(self, serving: Server, connections: dict[int, Any]) -> None:
        self.notify()
        serving.asyncore.loop(timeout=_TURN, map=connections, count=1)

    def handle_exit(self, sig: int, frame: object) -> None:
        """Leave the loop at once, not with its next turn."""
        super().handle_exit(sig, frame)
        if self._server:
            self._server.pull_trigger()

    # Ctrl-C reaches every process of a terminal; it is no reason to leave somebody without an answer.
    handle_quit = handle_exit
