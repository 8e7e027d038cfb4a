"""Render fewer models while migrating.

After each operation Django builds the classes of a model anew, and of all that are related to it: here that is most
of the portal. A statement needs the model, and what its keys point at.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.db.migrations.utils import resolve_relation
from django.db.models import Field


class State(ProjectState):
    """A state that renders what an operation needs, and the rest before code can look at it.

    Django does so for two steps around a model, and calls the rest delayed: everything is rendered anew before
    Python of a migration runs, and at the end.
    """

    _is_altering = False

    def alter_field(
        self, app_label: str, model_name: str, name: str, field: Field[Any, Any], preserve_default: bool
    ) -> None:
        """Alter a field; the columns that refer to it may change with it."""
        self._is_altering = True
        try:
            super().alter_field(app_label, model_name, name, field, preserve_default)
        finally:
            self._is_altering = False

    def reload_model(self, app_label: str, model_name: str, delay: bool = False) -> None:
        """Render a model anew, if it was rendered; `delay` says that its relations stay as they are."""
        if "apps" not in self.__dict__:
            return
        key = app_label, model_name
        if self._is_altering and not delay:
            self._render(set(self.models))
            return
        self.is_delayed = True
        earlier = self.apps.all_models[app_label].get(model_name)
        around = set() if delay and earlier else self._pointed_at(*key)
        if earlier and not delay:
            around |= {
                resolve_relation(field.related_model, *key)
                for field in earlier._meta.get_fields()
                if not field.auto_created and field.related_model
            }
        self._render({key, *around})

    def _render(self, found: set[tuple[str, str]]) -> None:
        self._reload(found)  # type: ignore[attr-defined]  # Django's own, which its stubs leave out

    def _pointed_at(self, app_label: str, model_name: str) -> set[tuple[str, str]]:
        fields = self.models[app_label, model_name].fields.values()
        keys = (field.remote_field.model for field in fields if field.is_relation)
        return {resolve_relation(target, app_label, model_name) for target in keys}

    def clone(self) -> State:
        """Copy it."""
        copy = super().clone()
        copy.__class__ = State
        return copy  # type: ignore[return-value]  # it is one now


class Executor(MigrationExecutor):
    """Django's, on such a state."""

    def _create_project_state(self, with_applied_migrations: bool = False) -> State:
        made = super()._create_project_state(with_applied_migrations)  # type: ignore[misc]  # the stubs leave it out
        return State(made.models, made.real_apps)
