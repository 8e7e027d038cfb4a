"""Show the progress of a long job: a bar on a terminal, lines in a log, or nothing in a pipe."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper

_WIDTH = 30
_SECOND = 1_000_000_000


class Progress:
    """Show the running step, its count and its rate; with a known total also the time left.

    *Shape*: without a terminal, `is_logged` decides whether each call writes a line or nothing.
    """

    def __init__(self, stream: OutputWrapper, *, is_logged: bool) -> None:
        self._stream = stream
        self._is_watched = stream.isatty()
        self._is_logged = is_logged
        self._began = 0
        self._is_drawn = False

    def show(self, step: str, done: int, total: int = 0) -> None:
        """Show how many of `total` a step has done. A call with 0 done starts the clock of the step."""
        now = time.monotonic_ns()
        if not done:
            self._began = now
        passed = max(now - self._began, 1)
        rate = f"{done * _SECOND // passed:,} a second"
        words = f"{step}: {done:,} done, {rate}" if done else f"{step} ..."
        if not self._is_watched:
            # A step without work writes nothing.
            if done and self._is_logged:
                self._stream.write(words)
            return
        if done and total:
            left = max(total - done, 0) * passed // done // _SECOND
            # A limited run counts failures as done, but its total does not include them.
            done = min(done, total)
            filled = done * _WIDTH // total
            bar = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {done * 100 // total:3} %"
            words = f"{bar}  {step}: {done:,} of {total:,}, {rate}, {_duration(left)} left"
        self._draw(f"\r{words}\x1b[K")
        self._is_drawn = True

    def clear(self) -> None:
        """Erase the bar."""
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
