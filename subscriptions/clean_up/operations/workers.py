"""Share work out among processes: each has its own connection, and what they select they lock."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.postgresql import base

from portal.lib import text

# Gives an item to whoever listens.
Tell = Callable[[Any], None]


class WorkerEnded(Exception):
    """Say why a process ended before its work was done; what it had committed stays."""


@dataclass(frozen=True)
class _Cause:
    """Carry why a process can't go on."""

    words: str


def share_out(work: Callable[[Any, Tell], None], *, shares: Sequence[Any], tell: Tell) -> None:
    """Let one process for each share do `work(share, tell)`, and pass on what they tell as it comes.

    A process whose parent was killed ends with its next item.
    *Raises*: WorkerEnded with the first cause, when all others are done.
    """
    _let_go_of_connections()
    # Forked, so that each process has the settings, the lock on the embedded database and the work itself.
    context = multiprocessing.get_context("fork")
    running: dict[Connection, Any] = {}
    for share in shares:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(work, share, there, [*running, here]))
        process.start()
        there.close()
        running[here] = process
    causes: list[str] = []
    while running:
        for pipe in wait(list(running)):
            assert isinstance(pipe, Connection)  # noqa: S101 - wait() also knows sockets and descriptors
            try:
                item = pipe.recv()
            except (EOFError, OSError):
                # An OSError: it was killed in the middle of an item.
                process = running.pop(pipe)
                pipe.close()
                process.join()
                if process.exitcode != 0:
                    causes.append(_ending(process.exitcode))
                continue
            if isinstance(item, _Cause):
                causes.append(item.words)
            else:
                tell(item)
    if causes:
        raise WorkerEnded(causes[0])


def _ending(status: int) -> str:
    """Say how a process ended that could not say it."""
    return f"signal {-status} ended it" if status < 0 else f"its exit status was {status}"


def _run(work: Callable[[Any, Tell], None], share: Any, pipe: Connection, others: Sequence[Connection]) -> None:
    # Ends of other pipes that came along: while they are open here, nobody learns that the parent is gone.
    for other in others:
        other.close()
    try:
        # When nobody listens any more, what was committed stays; the rest is for the next run.
        with contextlib.suppress(BrokenPipeError):
            _work_on(work, share, pipe)
    finally:
        connections.close_all()


def _work_on(work: Callable[[Any, Tell], None], share: Any, pipe: Connection) -> None:
    try:
        work(share, pipe.send)
    except (OperationalError, InterfaceError) as error:
        # Raised on, it would be a traceback among what the others say.
        pipe.send(_Cause(text.first_line(error)))


def _let_go_of_connections() -> None:
    # A connection that two processes use is none.
    for connection in connections.all(initialized_only=True):
        connection.close()
        if isinstance(connection, base.DatabaseWrapper):
            connection.close_pool()
