"""Migrate while the portal is in use: wait briefly for a lock, give way to others, and try again.

A migration that waits for an exclusive lock blocks every query that comes after it. So it gives up after
`LOCK_TIMEOUT`, and is tried again after a pause in which the others go on. An attempt that gave up is rolled back;
migrations that were finished before it stay applied.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations import Migration
from psycopg import errors

LOCK_TIMEOUT = "2s"
"""How long a migration waits for a lock: less than a web process does."""

PAUSES = (1, 2, 4, 8, 15, 15, 15, 15, 15, 15)
"""Seconds before each further attempt: two minutes in all, in which most backups and clean-up batches end."""

_IN_USE = (errors.LockNotAvailable, errors.DeadlockDetected)


class TablesInUse(CommandError):
    """Say that a migration found its tables locked at every attempt."""

    def __init__(self, migration: str) -> None:
        self.migration = migration
        super().__init__(
            f"The database was not brought up to date: at {len(PAUSES) + 1} tries others used tables that"
            f" {migration} changes. Nothing of it was applied, what came before it stays. End what works for long"
            " (a clean-up, an import, a backup, an open session of psql), or do it again at a quieter time."
        )


class Patience:
    """Repeat work that migrates for as long as tables are locked. `sleep` waits for a number of seconds."""

    def __init__(self, *, tell: Callable[[str], object], sleep: Callable[[int], object] = time.sleep) -> None:
        self._tell = tell
        self._sleep = sleep
        self._at = ""

    def starts(self, migration: Migration) -> None:
        """Limit how long this migration waits for locks.

        A migration without a transaction (CREATE INDEX CONCURRENTLY) blocks nobody, so it may wait.
        """
        self._at = str(migration)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT if migration.atomic else "0"]
            )

    def ends(self) -> None:
        """Reset the limit of the connection."""
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")

    def until_done(self, work: Callable[[], object]) -> None:
        """Do the work. *Raises*: TablesInUse after the last attempt."""
        for pause in (*PAUSES, None):
            try:
                work()
            except OperationalError as error:
                if not isinstance(error.__cause__, _IN_USE):
                    raise
                if pause is None:
                    raise TablesInUse(self._at) from error
            else:
                return
            finally:
                if connection.is_usable():
                    self.ends()
            self._tell(f"Others use a table that {self._at} changes; trying again in {pause} s ...")
            self._sleep(pause)
