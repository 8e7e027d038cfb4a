"""The code as somebody else has it: a copy with an environment of its own, to install and to change."""

import shutil
import sys
from importlib import util
from pathlib import Path

from portal import embedded
from tests.support.places import Place

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
        for source in (embedded.ROOT / name).rglob("*.py"):
            # Beside it, or where PYTHONPYCACHEPREFIX says.
            compiled = Path(util.cache_from_source(source))
            if compiled.is_file():
                copied = there / source.relative_to(embedded.ROOT).parent / "__pycache__" / compiled.name
                copied.parent.mkdir(exist_ok=True)
                shutil.copy2(compiled, copied)


def environment(place: Place, **more: str) -> dict[str, str]:
    """Give the environment of who runs a copy at a place: its bytecode is beside the code, wherever ours is."""
    ours = place.environment(**more)
    ours.pop("PYTHONPYCACHEPREFIX", None)
    return ours


def copy_static_files(there: Path) -> None:
    """Put the prepared ones of this checkout into a copy, if it has any: to compress them takes long."""
    prepared = Path(sys.prefix, "portal-static")
    if prepared.is_dir():
        shutil.copytree(prepared, there / ".venv" / prepared.name)
        shutil.copy2(prepared.with_name("portal-static.mark"), there / ".venv")
