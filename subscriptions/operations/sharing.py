"""Share work out among processes: each has its own connection, and what they select they lock."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from django.db import connections

# Gives an item to whoever listens.
Tell = Callable[[Any], None]


class WorkerEnded(Exception):
    """Say that a process ended before its work was done; what it had committed stays."""


def share_out(work: Callable[[Any, Tell], None], *, shares: Sequence[Any], tell: Tell) -> None:
    """Let one process for each share do `work(share, tell)`, and pass on what they tell as it comes.

    A process whose parent was killed ends with its next item.
    *Raises*: WorkerEnded, when all others are done.
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
    failed = False
    while running:
        for pipe in wait(list(running)):
            assert isinstance(pipe, Connection)  # noqa: S101 - wait() also knows sockets and descriptors
            try:
                tell(pipe.recv())
            except EOFError:
                process = running.pop(pipe)
                pipe.close()
                process.join()
                failed = failed or process.exitcode != 0
    if failed:
        raise WorkerEnded


def _run(work: Callable[[Any, Tell], None], share: Any, pipe: Connection, others: Sequence[Connection]) -> None:
    # Ends of other pipes that came along: while they are open here, nobody learns that the parent is gone.
    for other in others:
        other.close()
    try:
        work(share, pipe.send)
    except BrokenPipeError:
        # Nobody listens any more. What was committed stays; the rest is for the next run.
        pass
    finally:
        connections.close_all()


def _let_go_of_connections() -> None:
    # A connection that two processes use is none.
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]
