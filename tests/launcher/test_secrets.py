"""What is secret: keys that are refused, and files that are for their owner."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import settings
from tests.support import migrated
from tests.support.places import Place, eventually, run


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with migrated.place("secrets", tables=False) as here:
        yield here


@pytest.fixture
def key_file(place: Place) -> Iterator[Path]:
    file = place.data / "secret_key"
    yield file
    file.unlink(missing_ok=True)


def refused(place: Place, **more: str) -> str:
    answer = run(place, "check", **{"SECRET_KEY": "", **more})
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr


def test_a_key_of_the_environment_is_refused_without_repeating_it(place: Place) -> None:
    said = refused(place, SECRET_KEY="hunter2-hunter2")
    assert said.startswith("SECRET_KEY can't be used: it has 15 signs, and 32 are the least; ")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"short\n", "it has 5 signs, and 32 are the least"),
        (b"\x00" * 64, "it holds signs that no key has"),
    ],
    ids=["empty", "blank", "short", "zeros"],
)
def test_a_key_file_that_is_damaged_is_refused_and_left_as_it_is(
    place: Place, key_file: Path, held: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file.write_bytes(held)
    said = unread(place, monkeypatch)
    assert said.startswith(f"The key in {key_file} can't be used: {why}. Put the right one back from a backup")
    assert key_file.read_bytes() == held


def test_a_key_file_that_is_no_text_is_refused_by_a_command(place: Place, key_file: Path) -> None:
    held = os.urandom(20) + b"\xff\x00" + os.urandom(20)
    key_file.write_bytes(held)
    assert refused(place).startswith(
        f"The key in {key_file} can't be used: it is not text. Put the right one back from a backup"
    )
    assert key_file.read_bytes() == held


def test_a_key_file_that_is_a_directory_is_one_sentence(
    place: Place, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file.mkdir()
    assert unread(place, monkeypatch) == f"The key in {key_file} can't be read: Is a directory."
    key_file.rmdir()


def unread(place: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the settings read the key of a place; give what they say instead, which a command says as it is."""
    monkeypatch.setenv("PORTAL_DATA", str(place.data))
    monkeypatch.setenv("SECRET_KEY", "")
    with pytest.raises(ImproperlyConfigured) as refusal:
        settings._secret_key()
    return str(refusal.value)


def test_the_log_of_the_server_is_for_its_owner_also_where_it_was_not(place: Place) -> None:
    assert eventually(lambda: not place.processes())
    log = place.data / "postgres.log"
    log.unlink(missing_ok=True)
    mask = os.umask(0)
    try:
        for _ in range(2):
            assert place.run("true").returncode == 0
            assert stat.S_IMODE(log.stat().st_mode) == 0o600
            assert eventually(lambda: not place.processes())
            log.chmod(0o644)
    finally:
        os.umask(mask)
