"""What decides how a new test database looks, as one digest: the migrations, and whatever else has a say.

Migrations import nothing of ours. The rest is what Django and our receivers do after them: tables of apps without
migrations, rights of models, roles and grants. The locks stand for the code of others.
"""

from __future__ import annotations

import hashlib
import inspect
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import django
from django.apps import AppConfig, apps
from django.conf import settings
from django.db.backends.utils import CursorWrapper
from django.db.models.signals import post_migrate, pre_migrate

_SERVER = """
    SELECT version(), current_user::text, encoding, datcollate, datctype,
           EXISTS (SELECT FROM pg_roles WHERE rolname = %s)
    FROM pg_database WHERE datname = 'template1'
"""


def digest(cursor: CursorWrapper) -> str:
    """Say in one word what a database would be like that is made now on this server."""
    cursor.execute(_SERVER, [settings.RUNTIME_ROLE])
    found = hashlib.sha256(repr((cursor.fetchone(), of_the_process())).encode())
    for name, file in sorted(files()):
        found.update(repr((name, file.read_bytes())).encode())
    return found.hexdigest()


def changed_since(moment: float) -> bool:
    """Say whether one of the files was written, renamed or put there since: this process may hold an older one."""
    return any(file.stat().st_ctime >= moment for _, file in files())


def files() -> Iterator[tuple[str, Path]]:
    """Name each file that has a say, with its path."""
    for config in apps.get_app_configs():
        for folder in ("migrations", "sql"):
            yield from _below(Path(config.path, folder), f"{config.label}/{folder}")
        if not _has_migrations(config):
            # Django makes their tables by the models.
            for model in config.get_models():
                yield from _source(model)
    for signal in (pre_migrate, post_migrate):
        for entry in signal.receivers:
            receiver = entry[1]() if isinstance(entry[1], weakref.ReferenceType) else entry[1]
            if receiver is not None:
                yield from _source(receiver)
    for name in ("requirements", "portal/postgresql", "tests/support/postgresql"):
        yield from _below(Path(settings.BASE_DIR, name), name)
    for name in ("portal/settings.py", "tests/settings.py", "portal/shell/management/commands/migrate.py"):
        yield name, Path(settings.BASE_DIR, name)


def of_the_process() -> object:
    """Give what no file says alone: settings that the environment has a part in, and what rights are made for."""
    metas = [model._meta for model in apps.get_models(include_auto_created=True)]
    rights = [
        (meta.label, str(meta.verbose_name_raw), meta.default_permissions, meta.permissions) for meta in metas
    ]
    return django.get_version(), settings.INSTALLED_APPS, settings.RUNTIME_ROLE, rights


def _has_migrations(config: AppConfig) -> bool:
    return Path(config.path, "migrations").is_dir()


def _source(of: type | FunctionType) -> Iterator[tuple[str, Path]]:
    if file := inspect.getsourcefile(of):
        yield f"{of.__module__}", Path(file)


def _below(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"{name}/{file.relative_to(folder)}", file
