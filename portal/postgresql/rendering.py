"""Migrate without rendering models again for each constraint and each index.

While it migrates, Django keeps a class of each model as it is at that step. For a constraint it makes new classes:
of the model and of those around it that refer to each other, though no field changes. That was two fifths of what
setting up a database takes. Here the class that is there gets the constraint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.db.models import BaseConstraint, Index


class State(ProjectState):
    """Django's own, whose classes of models stay when a constraint or an index comes or goes."""

    def add_index(self, app_label: str, model_name: str, index: Index) -> None:
        """Add an index."""
        self._put(app_label, model_name, "indexes", [*self._of(app_label, model_name, "indexes"), index])

    def remove_index(self, app_label: str, model_name: str, index_name: str) -> None:
        """Remove an index."""
        left = [index for index in self._of(app_label, model_name, "indexes") if index.name != index_name]
        self._put(app_label, model_name, "indexes", left)

    def add_constraint(self, app_label: str, model_name: str, constraint: BaseConstraint) -> None:
        """Add a constraint."""
        self._put(
            app_label, model_name, "constraints", [*self._of(app_label, model_name, "constraints"), constraint]
        )

    def remove_constraint(self, app_label: str, model_name: str, constraint_name: str) -> None:
        """Remove a constraint."""
        left = [one for one in self._of(app_label, model_name, "constraints") if one.name != constraint_name]
        self._put(app_label, model_name, "constraints", left)

    def _of(self, app_label: str, model_name: str, option: str) -> Sequence[BaseConstraint | Index]:
        options: dict[str, Sequence[BaseConstraint | Index]] = self.models[app_label, model_name].options
        return options[option]

    def _put(self, app_label: str, model_name: str, option: str, held: list[BaseConstraint | Index]) -> None:
        self.models[app_label, model_name].options[option] = held
        if "apps" in self.__dict__:  # as Django asks whether classes are there: to ask for them would make them
            meta = self.apps.get_model(app_label, model_name)._meta
            setattr(meta, option, held)
            meta.__dict__.pop("total_unique_constraints", None)


class Executor(MigrationExecutor):
    """Django's own, whose way forward begins with the state above; its way back is Django's."""

    def _migrate_all_forwards(self, state: ProjectState, *args: Any, **kwargs: Any) -> ProjectState:
        quick = State(state.models, state.real_apps)
        quick.is_delayed = state.is_delayed
        if "apps" in state.__dict__:
            quick.apps = state.apps
        return super()._migrate_all_forwards(quick, *args, **kwargs)  # type: ignore[misc,no-any-return]  # the stubs leave it out
