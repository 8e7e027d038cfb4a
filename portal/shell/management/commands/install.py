"""Prepare all that serving needs of the code's own directory; the environment is there by now."""

import compileall
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.shell import static_files


class Command(BaseCommand):
    """Needs no database and no key: see manage.py."""

    help = (
        "Installs what the portal needs beside its code: the environment and the static files. Touches no "
        "database, no key and no data. The owner of the code does it; somebody else may serve."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        # Others serve what is installed here.
        os.umask(0o022)
        root = Path(settings.STATIC_ROOT)
        try:
            if not static_files.are_current(root):
                static_files.prepare()
        except OSError as error:
            raise CommandError(
                f"{error.filename or root} can't be written ({error.strerror}): let the owner of the code do "
                "./run install."
            ) from None
        # Whoever only reads here would compile the code at each start.
        for package in ("portal", "customers", "invoicing", "subscriptions", "settings_app"):
            compileall.compile_dir(Path(settings.BASE_DIR, package), quiet=2)
        if closed := _closed_to_others(Path(sys.executable).resolve()):
            self.stderr.write(
                f"Only root can enter {closed}, where the Python of .venv is, so nobody else can serve this: "
                "remove .venv, and install with a Python of the system (PATH=/usr/bin:/bin ./run install).",
                style_func=str,
            )
        self.stdout.write("Installed. ./run, by whoever serves, needs no more of this directory than to read it.")


def _closed_to_others(program: Path) -> Path | None:
    """Find what keeps other users from a program that root has chosen."""
    if os.getuid() != 0:
        return None
    return next((path for path in reversed(program.parents) if not path.stat().st_mode & 0o001), None)
