"""Take SIGTERM as a wish: whatever works in batches ends after the one that runs."""

from __future__ import annotations

import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What a shell says of a program that SIGTERM ended.
STOPPED = 128 + signal.SIGTERM


class Stop:
    """Remember a SIGTERM, for this process and those that come of it: they share one byte."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def __call__(self) -> bool:
        return self._byte[0] == 1

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as a wish to stop after the running batch. Who listened before is told at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
            if self() and callable(before):
                before(signal.SIGTERM, None)

    def _remember(self, number: int, frame: object) -> None:
        self._byte[0] = 1
