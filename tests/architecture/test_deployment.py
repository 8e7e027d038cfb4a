"""What Django itself checks of a deployment: a finding is a failed test."""

import os
import subprocess
import sys

from django.apps import apps
from django.core import management

from tests.architecture.source import ROOT

# Whether every other host of the domain speaks https is for the owner of the domain to say.
JUSTIFIED = {"security.W005", "security.W021"}


def test_a_deployment_has_no_warning():
    """Run as `SECURE=1 ./run check --deploy`, with a key as a deployment draws it."""
    code = (
        "import django; django.setup()\n"
        "from django.core.checks import run_checks\n"
        "print(sorted(str(m.id) for m in run_checks(include_deployment_checks=True)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **os.environ,
            "SECURE": "1",
            "SECRET_KEY": "a-key-as-long-as-those-that-a-deployment-draws-7316",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": os.environ.get("DATABASE_URL") or os.environ["PORTAL_EMBEDDED_URL"],
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
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
