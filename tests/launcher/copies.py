"""The code as somebody else has it: a copy with an environment of its own, to install and to change."""

import shutil
import sys
from pathlib import Path

from portal import embedded

CODE = (
    *("manage.py", "run", "requirements", "portal", "customers", "invoicing", "subscriptions", "settings_app"),
    *("static", "templates", "docs"),
)


def copy_code(there: Path) -> None:
    """Put the code into a directory, with an environment that holds what is installed already."""
    for name in CODE:
        source = embedded.ROOT / name
        if source.is_dir():
            shutil.copytree(source, there / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            there.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, there / name)
    ours, theirs = there / ".venv", Path(sys.prefix)
    ours.mkdir()
    for name in ("bin", "lib"):
        (ours / name).symlink_to(theirs / name)
    for name in ("pyvenv.cfg", "installed-run"):
        shutil.copy2(theirs / name, ours / name)


def copy_bytecode(there: Path) -> None:
    """Put that of this checkout beside a copy's code, if there is any: each copy would compile all of it again."""
    for name in CODE:
        # One that is just being written has another ending.
        for file in (embedded.ROOT / name).rglob("__pycache__/*.pyc"):
            copied = there / file.relative_to(embedded.ROOT)
            copied.parent.mkdir(exist_ok=True)
            shutil.copy2(file, copied)


def copy_static_files(there: Path) -> None:
    """Put the prepared ones of this checkout into a copy, if it has any: to compress them takes long."""
    prepared = Path(sys.prefix, "portal-static")
    if prepared.is_dir():
        shutil.copytree(prepared, there / ".venv" / prepared.name)
        shutil.copy2(prepared.with_name("portal-static.mark"), there / ".venv")
