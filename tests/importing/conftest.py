"""A directory that can be spoilt, and the command that imports it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from portal.importing import run as importing
from tests.support import shared
from tests.support.directory import NOW, Directory


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """Give the right directory, not written yet."""
    return Directory(tmp_path)


@pytest.fixture(scope="module")
def first(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    write_defaults: Callable[[], None],
) -> Iterator[None]:
    """Have the right directory imported once for all tests of a module, as its `before_first` changes it.

    All of them: nothing is empty any more when the next one begins.
    """
    right = Directory(tmp_path_factory.mktemp("first"))
    if change := getattr(request.module, "before_first", None):
        change(right)

    def bring() -> None:
        write_defaults()
        importing.import_directory(right.write(), at=NOW)

    yield from shared.made_once(django_db_blocker, bring)


@pytest.fixture
def imported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, list[str], list[str]]]:
    """Run the command at `NOW`: exit status, lines of standard output, lines of standard error."""

    def run(path: Path, *options: str, at: datetime = NOW) -> tuple[int, list[str], list[str]]:
        monkeypatch.setattr("django.utils.timezone.now", lambda: at)
        status = 0
        try:
            call_command("import_data", str(path), *options)
        except SystemExit as exit:
            status = int(exit.code or 0)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.splitlines()

    return run
