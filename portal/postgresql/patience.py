"""Migrate beside a portal that is in use: wait briefly for a table, let others go on, and try again.

Who waits for a table to himself makes everybody wait who comes after him. So a migration that changes a table gives
up after `LOCK_TIMEOUT` and is tried again after a pause, in which others have their turn. What a try has not
finished is not there, and what was finished before it stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations import Migration
from psycopg import errors

LOCK_TIMEOUT = "2s"
"""How long a migration waits for a table: less than a web process waits for a lock."""

PAUSES = (1, 2, 4, 8, 15, 15, 15, 15, 15, 15)
"""Seconds before each further try, about two minutes in all: backups and clean-up steps are often over by then."""

_IN_USE = (errors.LockNotAvailable, errors.DeadlockDetected)


class TablesInUse(CommandError):
    """A migration found its tables in use at every try."""

    def __init__(self, migration: str) -> None:
        self.migration = migration
        super().__init__(
            f"The database was not brought up to date: at {len(PAUSES) + 1} tries others used tables that"
            f" {migration} changes. Nothing of it was applied, what came before it stays. End what works for long"
            " (a clean-up, an import, a backup, an open session of psql), or do it again at a quieter time."
        )


class Patience:
    """Do work that migrates, again and again where tables are in use. `sleep` waits for some seconds."""

    def __init__(self, *, tell: Callable[[str], object], sleep: Callable[[int], object] = time.sleep) -> None:
        self._tell = tell
        self._sleep = sleep
        self._at = ""

    def starts(self, migration: Migration) -> None:
        """Limit how long this migration waits for tables.

        One that is no transaction (it makes indexes while others write) keeps nobody waiting, and may wait itself.
        """
        self._at = str(migration)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT if migration.atomic else "0"]
            )

    def ends(self) -> None:
        """Wait for tables as the connection did before."""
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")

    def until_done(self, work: Callable[[], object]) -> None:
        """Do the work. *Raises*: TablesInUse after the last try."""
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
