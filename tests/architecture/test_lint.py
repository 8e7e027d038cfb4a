"""ruff, mypy, djade, and Django's own checks for a deployment: a finding is a failed test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.architecture.source import ROOT, templates

BIN = Path(sys.executable).parent


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


def test_ruff_finds_nothing():
    _is_clean(_run(str(BIN / "ruff"), "check", "--output-format", "concise", "."))


def test_everything_is_formatted():
    _is_clean(_run(str(BIN / "ruff"), "format", "--check", "."))


def test_types_fit():
    """Takes about a minute when nothing is cached, some seconds otherwise."""
    _is_clean(_run(str(BIN / "mypy")))


def test_templates_are_formatted():
    _is_clean(_run(str(BIN / "djade"), "--target-version", "5.2", "--check", *map(str, templates())))


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
