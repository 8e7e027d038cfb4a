"""What `./test bench` prints when a subject can't be measured."""

import json
import signal
import types
from typing import Any

import pytest
from django.db import connections

from bench import perf
from bench.figures import Figure, Measured
from bench.world import World


def _subject(name: str, *measured: Measured) -> Any:
    return types.SimpleNamespace(FIGURES=(Figure(name=name, says="how it went"),), measure=lambda world: measured)


def _breaks(world: World) -> list[Measured]:
    raise RuntimeError("the server does not answer:\nsee the log")


@pytest.fixture
def subjects(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Hold the subjects of a bench that brings no database and leaves SIGTERM alone."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(perf, "SUBJECTS", found)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(connections, "close_all", lambda: None)
    monkeypatch.setattr(World, "open", lambda world, fresh: None)
    return found


def test_a_subject_that_fails_takes_nothing_from_the_others(
    subjects: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    subjects["before"] = _subject("before_ms", Measured(name="before_ms", value=1.5))
    subjects["broken"] = types.SimpleNamespace(FIGURES=(), measure=_breaks)
    subjects["silent"] = _subject("silent_ms")
    subjects["after"] = _subject("after_ms", Measured(name="after_ms", value=2.5))

    assert perf.main(["--json"]) == 1

    printed, told = capsys.readouterr()
    assert json.loads(printed) == {"before_ms": 1.5, "after_ms": 2.5}
    *progress, broken, silent = told.splitlines()
    assert broken == "broken failed: RuntimeError: the server does not answer: see the log"
    assert silent == "silent failed: KeyError: 'silent_ms'"
    starts = [line.split(" (")[0] for line in progress if line.startswith("measuring")]
    assert starts == ["measuring before", "measuring broken", "measuring silent", "measuring after"]


def test_rows_are_told_as_each_subject_ends(subjects: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def measure(world: World) -> list[Measured]:
        seen.append(capsys.readouterr().err)
        return [Measured(name="second_ms", value=2.5)]

    subjects["first"] = _subject("first_ms", Measured(name="first_ms", value=1.5))
    subjects["second"] = types.SimpleNamespace(
        FIGURES=(Figure(name="second_ms", says="how it went"),), measure=measure
    )

    assert perf.main([]) == 0

    assert "| `first_ms` |" in seen[0]
    printed, told = capsys.readouterr()
    assert "| `second_ms` |" in told
    assert "`first_ms`" in printed
    assert "`second_ms`" in printed


def test_what_nobody_foresaw_ends_the_bench(subjects: dict[str, Any]) -> None:
    def stop(world: World) -> list[Measured]:
        raise SystemExit(143)

    subjects["first"] = types.SimpleNamespace(FIGURES=(), measure=stop)
    with pytest.raises(SystemExit):
        perf.main([])
