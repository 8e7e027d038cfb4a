"""Where apps declare what they have imported, each in its package `imports`, which an import looks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.module_loading import autodiscover_modules

if TYPE_CHECKING:
    from portal.importing.shapes import Declared, Part

# Called when an import begins.
MakesPart = Callable[[], "Part"]


class Registry:
    """Holds what apps declare. One is imported after those that stand before it in INSTALLED_APPS."""

    def __init__(self) -> None:
        self._parts: list[MakesPart] = []

    def declare(self, part: MakesPart) -> MakesPart:
        """Have the files of an app imported."""
        self._parts.append(part)
        return part

    def together(self) -> Declared:
        """Put together what the apps declare, from the lowest up."""
        from portal.importing.shapes import Declared

        autodiscover_modules("imports")
        return Declared([part() for part in sorted(self._parts, key=_place)])


def _place(part: MakesPart) -> int:
    """Give the place of the app that declares; who is in none comes last."""
    configs = list(apps.get_app_configs())
    config = apps.get_containing_app_config(part.__module__)
    return configs.index(config) if config else len(configs)


APPS = Registry()
declare = APPS.declare
