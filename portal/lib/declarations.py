"""What apps declare to those below them, each in the module of one name in its folder `declares`.

The modules are looked for as somebody asks for the first time, not as a process starts: a command asks for few of
them, and each brings along what it speaks of. Nobody can forget to look, for there is no other way to read.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import Generic, TypeVar

T = TypeVar("T")

FOLDER = "declares"
_packages: tuple[str, ...] = ()


class Declarations(Generic[T]):
    """Hold what the apps declare in their modules of one name."""

    def __init__(self, name: str, held: T) -> None:
        self._name = name
        self._held = held
        self._is_complete = False

    @property
    def so_far(self) -> T:
        """Give what has been declared up to now, so that one more can be added."""
        return self._held

    def all(self) -> T:
        """Give what all apps declare, from the lowest up."""
        if not self._is_complete:
            _import(self._name)
            # Afterwards, so that another thread which asks meanwhile waits for the same imports.
            self._is_complete = True
        return self._held


def look_in(packages: Iterable[str]) -> None:
    """Say which packages may have a folder `declares`, from the lowest up. The portal does as it starts."""
    global _packages
    _packages = tuple(packages)
    _modules.cache_clear()


def find_all() -> None:
    """Find what is declared under any name: for a process that will be asked for all of it."""
    _import(None)


def _import(name: str | None) -> None:
    for package, found in _modules():
        if name in (None, found):
            importlib.import_module(f"{package}.{found}")


@cache
def _modules() -> tuple[tuple[str, str], ...]:
    if not _packages:
        raise RuntimeError("Nobody has said yet where to look for what is declared.")
    specs = [importlib.util.find_spec(f"{package}.{FOLDER}") for package in _packages]
    return tuple(
        (spec.name, module.name)
        for spec in specs
        if spec
        for module in pkgutil.iter_modules(spec.submodule_search_locations)
    )
