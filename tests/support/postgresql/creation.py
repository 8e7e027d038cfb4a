"""How a test database is made: as a copy of one that was migrated before with --reuse-db, else by this run.

The processes of a run (pytest -n) migrate once: the first one, while the others wait.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.postgresql import creation
from django.db.backends.utils import CursorWrapper

from portal import embedded
from tests.settings import STARTED
from tests.support.postgresql import emptying, kept, migrated_rows, shape


class DatabaseCreation(creation.DatabaseCreation):
    # Django's own; its stubs don't name them.
    _get_test_db_name: Callable[[], str]
    _nodb_cursor: Callable[[], AbstractContextManager[CursorWrapper]]

    def create_test_db(  # type: ignore[override]  # the stubs are of Django 6
        self, verbosity: int = 1, autoclobber: bool = False, serialize: bool = True, keepdb: bool = False
    ) -> str:
        """Make it as Django does, unless what migrating makes is kept, or another process of this run makes it."""
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
        if not keepdb and not run:
            return super().create_test_db(verbosity, autoclobber, serialize)
        name = self._get_test_db_name()
        with self._nodb_cursor() as cursor:
            source = kept.name_for(cursor)
            try:
                kept.copy(
                    cursor,
                    source,
                    to=name,
                    shape=functools.partial(shape.digest, cursor),
                    make=functools.partial(self._migrated, source, verbosity),
                    run="" if keepdb else run,
                )
            except kept.InUse:
                pytest.exit(
                    f"Another run works on the database {name}. Beside it: PORTAL_TEST_DB=test_mine ./test ...", 2
                )
            # A commit need not outlive a crash of the server here, and waits for no disk.
            cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
            # A session outlasts a test, and keeps to what it had at its first temporary table: an import sets this.
            cursor.execute(f"ALTER DATABASE \"{name}\" SET temp_buffers = '64MB'")
            # To weigh all orders of eight joins takes longer than to read the few rows of a test. Where plans are
            # looked at, they are the product's (tests/architecture/plans.py).
            cursor.execute(f'ALTER DATABASE "{name}" SET join_collapse_limit = 4')
        settings.DATABASES[self.connection.alias]["NAME"] = self.connection.settings_dict["NAME"] = name
        if serialize:
            contents = self.serialize_db_to_string()
            self.connection._test_serialized_contents = contents  # type: ignore[attr-defined]  # read by Django
        migrated_rows.remember(self.connection, *migrated_rows.GROUPS)
        if embedded.is_used():
            ours: Any = self.connection
            ours.emptying = emptying.Emptying(data=embedded.data_directory(), database=name)
        return name

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        """Do it as Django does, once nobody of this process is in it."""
        ours: Any = self.connection
        if ours.emptying is not None:
            ours.emptying.close()
        super().destroy_test_db(*args, **kwargs)

    def _migrated(self, name: str, verbosity: int) -> bool:
        """Make a database as Django does it. Says whether this process has read the files as they are."""
        test = self.connection.settings_dict["TEST"]
        usual, test["NAME"] = test["NAME"], name
        try:
            super().create_test_db(verbosity, autoclobber=True, serialize=False)
        finally:
            self.connection.close()
            test["NAME"] = usual
        return not shape.changed_since(STARTED)
