"""Take SIGTERM as a wish: whatever works in batches ends after the one that runs."""

from __future__ import annotations

import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

# What a shell says of a program that SIGTERM ended.
STOPPED = 128 + signal.SIGTERM


class Stop:
    """Remember a SIGTERM, for this process and those that come of it: they share one byte."""

    _listening: ClassVar[list[Stop]] = []

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def __call__(self) -> bool:
        return self._byte[0] == 1

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as a wish to stop after the running batch. Whatever listens around this learns of it too."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._remember)
        self._listening.append(self)
        try:
            yield
        finally:
            self._listening.remove(self)
            signal.signal(signal.SIGTERM, before)

    def _remember(self, number: int, frame: object) -> None:
        for stop in self._listening:
            stop._byte[0] = 1
