"""What linters find, and Django's own checks for a deployment: a finding is a failed test."""

import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.core import management
from django.db import connection

from tests import lint
from tests.architecture.source import ROOT


def _run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _is_clean(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


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


# Whether every other host of the domain speaks https is for the owner of the domain to say.
JUSTIFIED = {"security.W005", "security.W021"}


@pytest.mark.django_db
def test_a_deployment_has_no_warning():
    """Run as `SECURE=1 ./run check --deploy`, with a key as a deployment draws it."""
    code = (
        "import django; django.setup()\n"
        "from django.core.checks import run_checks\n"
        "print(sorted(str(m.id) for m in run_checks(include_deployment_checks=True)))"
    )
    url = os.environ.get("DATABASE_URL") or os.environ["PORTAL_EMBEDDED_URL"]
    assert connection.vendor == "postgresql"
    done = _run(
        sys.executable,
        "-c",
        code,
        SECURE="1",
        SECRET_KEY="a-key-as-long-as-those-that-a-deployment-draws-7316",
        DJANGO_SETTINGS_MODULE="portal.settings",
        DATABASE_URL=url,
    )
    _is_clean(done)
    assert done.stdout.strip() == str(sorted(JUSTIFIED))


def test_our_commands_leave_those_checks_to_this_test():
    """They say nothing of the data, and would read every address and view at each start."""
    ours = {config.name for config in apps.get_app_configs() if (ROOT / config.name.split(".")[0]).is_dir()}
    found = {
        name: management.load_command_class(app, name).requires_system_checks
        for name, app in management.get_commands().items()
        if app in ours
    }
    assert {"nightly", "serve", "migrate"} <= set(found)
    assert {name for name, checks in found.items() if checks} == set()
