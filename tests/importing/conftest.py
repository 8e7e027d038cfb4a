"""A directory that can be spoilt, and the command that imports it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.support.directory import NOW, Directory


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """Give the right directory, not written yet."""
    return Directory(tmp_path)


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
