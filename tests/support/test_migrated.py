"""The data directory that others are copies of is made once, of these migrations, however it was left before."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import migrated
from tests.support.postgresql import shape


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a word be made instead of a database, another one each time; give those that were made."""
    made: list[str] = []

    def make(kept: Path) -> None:
        made.append(f"cluster {len(made) + 1}")
        target = kept / "data"
        target.mkdir(exist_ok=True)
        (target / "postgres").write_text(made[-1])
        (target / "owner_password").touch(mode=0o600)

    monkeypatch.setattr(migrated, "_make", make)
    return made


@pytest.fixture
def fill(tmp_path: Path, making: list[str]) -> Callable[[], str]:
    """Fill a new directory; give what it holds."""

    def filled() -> str:
        data = tmp_path / f"data{len(list(tmp_path.iterdir()))}"
        data.mkdir()
        migrated.fill(data, kept=tmp_path / "kept")
        assert (data / "owner_password").stat().st_mode & 0o777 == 0o600
        return (data / "postgres").read_text()

    return filled


def test_it_is_made_once(fill: Callable[[], str]) -> None:
    assert [fill(), fill()] == ["cluster 1", "cluster 1"]


def test_other_migrations_make_it_anew(fill: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    fill()
    files = list(shape.files())
    monkeypatch.setattr(shape, "files", lambda: files[1:])
    assert [fill(), fill()] == ["cluster 2", "cluster 2"]


def test_one_that_was_only_half_made_is_not_used(fill: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(kept: Path) -> None:
        (kept / "data").mkdir()
        (kept / "data" / "postgres").write_text("half")
        raise subprocess.CalledProcessError(1, "migrate")

    with monkeypatch.context() as failing:
        failing.setattr(migrated, "_make", fail)
        with pytest.raises(subprocess.CalledProcessError):
            fill()
    assert fill() == "cluster 1"


def test_migrations_that_are_edited_meanwhile_are_told_and_not_kept(
    fill: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = iter(["first", "second"])
    with monkeypatch.context() as editing:
        editing.setattr(migrated, "_shape", lambda: next(shapes))
        with pytest.raises(RuntimeError, match="edited while they were applied"):
            fill()
    assert fill() == "cluster 2"
