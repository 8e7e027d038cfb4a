"""Migrate as Django does, beside a portal that is in use: see `portal.postgresql.patience`, and `rendering`."""

import functools
import gc
import time
from collections.abc import Callable
from typing import Any

from django.core.management.commands import migrate
from django.db.migrations import Migration

from portal.postgresql import patience, rendering

# Django's command makes its executor by this name.
migrate.MigrationExecutor = rendering.Executor  # type: ignore[attr-defined]  # the stubs leave it out

_COLLECT_AFTER = 20
"""Migrations between two collections of garbage: more of them take more memory, fewer more time."""


class Command(migrate.Command):
    """Django's command, which waits briefly for a table and tries again."""

    requires_system_checks = ()

    # How a pause is made; tests make none.
    sleep: Callable[[int], object] = staticmethod(time.sleep)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate. *Raises*: TablesInUse after the last try."""
        self._patience = patience.Patience(tell=self.stderr.write, sleep=self.sleep)
        self._applied = 0
        # Each operation makes models anew: Python would go through all that are there again and again.
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            self._patience.until_done(functools.partial(super().handle, *args, **options))
        finally:
            if was_enabled:
                gc.enable()

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        """Limit the wait of each migration alone: what comes after them all may wait as it likes."""
        super().migration_progress_callback(action, migration, fake)
        if migration is None:
            return
        if action in ("apply_start", "unapply_start"):
            self._patience.starts(migration)
        elif action in ("apply_success", "unapply_success"):
            self._patience.ends()
            self._applied += 1
            if self._applied % _COLLECT_AFTER == 0:
                gc.collect()
