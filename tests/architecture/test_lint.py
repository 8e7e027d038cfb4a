"""What linters find: a finding is a failed test."""

import pytest

from tests import lint


@pytest.mark.parametrize("linter", lint.LINTERS, ids=lambda linter: linter.name)
def test_it_finds_nothing(linter: lint.Linter):
    """mypy takes some seconds when nothing is cached."""
    process = linter.start()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said


def test_the_command_says_what_was_found_and_what_was_done(capsys):
    quiet = lint.Linter("one", ("python", "-c", "print('nothing to say')"))
    loud = lint.Linter("other", ("python", "-c", "import sys; sys.exit('a.py:1: a fault')"))
    assert lint.main([quiet]) == 0
    assert capsys.readouterr().out.startswith("Lint: one: nothing found (")
    assert lint.main([quiet, loud]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["--- other", "a.py:1: a fault", ""]
    assert lines[3].startswith("Lint: one, other: other found something (")
