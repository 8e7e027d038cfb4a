import io
import time

import pytest
from django.core.management.base import OutputWrapper

from portal.lib import progress
from tests.support.terminal import Terminal

SHOWN = (
    ("Marking expired", 0, 0),
    ("Marking expired", 10_000, 0),
    ("Terminating", 0, 12_000),
    ("Terminating", 100, 12_000),
    ("Terminating", 4000, 12_000),
    ("Terminating", 12_001, 12_000),
    ("Freeing numbers", 0, 0),
)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    seconds = iter((0, 4, 1000, 1002, 1080, 1240, 2000))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(seconds) * 1_000_000_000)


def shown_on(stream, *, is_logged):
    bar = progress.Progress(OutputWrapper(stream), is_logged=is_logged)
    for step, done, total in SHOWN:
        bar.show(step, done, total)
    bar.clear()
    bar.clear()
    return stream.getvalue()


@pytest.mark.parametrize("is_logged", [True, False])
def test_a_terminal_sees_how_far_it_is_how_quick_and_how_long_the_rest_takes(is_logged):
    assert shown_on(Terminal(), is_logged=is_logged) == (
        "\rMarking expired ...\x1b[K"
        "\rMarking expired: 10,000 done, 2,500 a second\x1b[K"
        "\rTerminating ...\x1b[K"
        f"\r[{'.' * 30}]   0 %  Terminating: 100 of 12,000, 50 a second, 3 min 58 s left\x1b[K"
        f"\r[{'#' * 10}{'.' * 20}]  33 %  Terminating: 4,000 of 12,000, 50 a second, 2 min 40 s left\x1b[K"
        f"\r[{'#' * 30}] 100 %  Terminating: 12,000 of 12,000, 50 a second, 0 s left\x1b[K"
        "\rFreeing numbers ...\x1b[K"
        "\r\x1b[K"
    )


def test_a_log_gets_a_line_whenever_more_is_done():
    assert shown_on(io.StringIO(), is_logged=True).splitlines() == [
        "Marking expired: 10,000 done, 2,500 a second",
        "Terminating: 100 done, 50 a second",
        "Terminating: 4,000 done, 50 a second",
        "Terminating: 12,001 done, 50 a second",
    ]


def test_a_pipe_gets_nothing_where_nothing_is_logged():
    assert shown_on(io.StringIO(), is_logged=False) == ""
