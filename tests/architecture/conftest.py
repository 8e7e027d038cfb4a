"""One world for all tests of a module: most of what these tests take is the building of it."""

import copy
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import time_machine
from django.db import transaction

from tests.architecture import world as worlds


@pytest.fixture(scope="module")
def _kept(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, write_defaults: Callable[[], None]
) -> Iterator[SimpleNamespace]:
    """Build the world in a transaction that is rolled back after the module; its tests work in savepoints of it."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        around = transaction.atomic()
        around.__enter__()
        write_defaults()
        with time_machine.travel("2026-03-10T09:00:00Z", tick=False):
            built = worlds.build()
    yield built
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def kept_world(_kept: SimpleNamespace, db: None) -> SimpleNamespace:
    """Give the world of the module, as it was built. For modules without transactional tests."""
    return copy.deepcopy(_kept)
