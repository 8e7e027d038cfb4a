"""Say how far a long job is: a bar on a terminal, a line for each batch elsewhere."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper

_WIDTH = 30
_SECOND = 1_000_000_000


class Progress:
    """Tell what was done, how quickly, and, where the whole is known, how long the rest takes."""

    def __init__(self, stream: OutputWrapper, *, total: int | None) -> None:
        self._stream = stream
        self._is_watched = stream.isatty()
        self._total = total
        self._started = time.monotonic_ns()
        self._is_drawn = False
        self._held = ""
        self._batches = 0

    def show(self, done: int) -> None:
        """Say how many are done."""
        passed = max(time.monotonic_ns() - self._started, 1)
        words = f"{done:,} done, {done * _SECOND // passed:,} a second"
        if not self._is_watched:
            # What is done in one batch needs no line: the answer says it all.
            for line in filter(None, (self._held, words if self._batches else "")):
                self._stream.write(line)
            self._held = "" if self._batches else words
            self._batches += 1
            return
        if self._total:
            filled = min(done, self._total) * _WIDTH // self._total
            bar = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {min(done, self._total) * 100 // self._total:3} %"
            left = max(self._total - done, 0) * passed // max(done, 1) // _SECOND
            words = f"{bar}  {done:,} of {self._total:,}, {words.split(', ', 1)[1]}, {_duration(left)} left"
        self._draw(f"\r{words}\x1b[K")
        self._is_drawn = True

    def clear(self) -> None:
        """Take the bar off the screen."""
        if self._is_drawn:
            self._draw("\r\x1b[K")
            self._is_drawn = False

    def _draw(self, text: str) -> None:
        self._stream.write(text, str, ending="")
        self._stream.flush()


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
