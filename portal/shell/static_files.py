"""Where the static files are that are ready to be served: beside the environment, or else with the data.

`./run install` prepares them once beside the environment, for code that whoever serves can't write to. Where these
are missing, or of another version, the server prepares its own in PORTAL_DATA.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

# What no page of the portal or of the admin loads need not be compressed.
_UNUSED = [
    "django_htmx/*",
    *(f"admin/js/vendor/{name}.js" for name in ("jquery/jquery", "select2/select2.full", "xregexp/xregexp")),
]


def are_current(root: Path) -> bool:
    """Say whether those in a directory are of these files, as this version prepares them."""
    mark = _mark(root)
    return root.is_dir() and mark.is_file() and mark.read_text() == _digest()


def prepare() -> None:
    """Collect the files into STATIC_ROOT. *Raises*: OSError where that can't be written."""
    root = Path(settings.STATIC_ROOT)
    _mark(root).unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=_UNUSED)
    _mark(root).write_text(_digest())


def _mark(root: Path) -> Path:
    return root.with_name(f"{root.name}.mark")


def _digest() -> str:
    # By content: a copy of the files, in an image say, has other times.
    digest = hashlib.sha256(f"{settings.STORAGES['staticfiles']} {metadata.version('whitenoise')}".encode())
    for finder in get_finders():
        # Each disk lists them in an order of its own.
        for path, storage in sorted(finder.list(_UNUSED), key=lambda found: str(found[0])):
            held = hashlib.sha256(Path(storage.path(path)).read_bytes()).hexdigest()
            digest.update(f"{path} {held}\n".encode())
    return digest.hexdigest()
