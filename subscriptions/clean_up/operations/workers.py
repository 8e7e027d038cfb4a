"""Divide work among processes. Each has a connection of its own, and locks the rows that it selects."""

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

# Sends an item to the parent.
Tell = Callable[[Any], None]


class WorkerEnded(Exception):
    """A process ended before its work was done. What it committed stays."""


@dataclass(frozen=True)
class _Cause:
    """The reason why a process can't go on, sent to the parent."""

    words: str


def share_out(work: Callable[[Any, Tell], None], *, shares: Sequence[Any], tell: Tell) -> None:
    """Run `work(share, tell)` in a process for each share, and pass on the items as they arrive.

    If the parent is killed, a process ends at its next item.
    *Raises*: WorkerEnded with the first cause, after all other processes are done.
    """
    _let_go_of_connections()
    # A fork shares the settings, the lock on the embedded database, and the function.
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
                # OSError: the process was killed in the middle of an item.
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
    """Describe the end of a process that sent no reason."""
    return f"signal {-status} ended it" if status < 0 else f"its exit status was {status}"


def _run(work: Callable[[Any, Tell], None], share: Any, pipe: Connection, others: Sequence[Connection]) -> None:
    # The fork copied the ends of other pipes. While they are open here, nobody notices that the parent is gone.
    for other in others:
        other.close()
    try:
        # The parent is gone: what was committed stays, and the next run does the rest.
        with contextlib.suppress(BrokenPipeError):
            _work_on(work, share, pipe)
    finally:
        connections.close_all()


def _work_on(work: Callable[[Any, Tell], None], share: Any, pipe: Connection) -> None:
    try:
        work(share, pipe.send)
    except (OperationalError, InterfaceError) as error:
        # A raised error would print a traceback between the messages of other processes.
        pipe.send(_Cause(text.first_line(error)))


def _let_go_of_connections() -> None:
    # Two processes can't share a connection.
    for connection in connections.all(initialized_only=True):
        connection.close()
        if isinstance(connection, base.DatabaseWrapper):
            connection.close_pool()
