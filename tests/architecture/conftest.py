"""One world for all tests of a module: most of what these tests take is the building of it."""

import pickle
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import time_machine
from pytest_django import DjangoDbBlocker

from tests.architecture import asked
from tests.architecture import world as worlds
from tests.support import shared


@pytest.fixture(scope="module")
def _kept(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, write_defaults: Callable[[], None]
) -> Iterator[bytes]:
    """Build the world in a transaction that is rolled back after the module; its tests work in savepoints of it.

    Each takes its own out of the pickle, several times as quickly as by a deep copy.
    """

    def build() -> bytes:
        write_defaults()
        with time_machine.travel(asked.NOW, tick=False):
            return pickle.dumps(worlds.build())

    yield from shared.made_once(django_db_blocker, build)


@pytest.fixture
def kept_world(_kept: bytes, db: None) -> SimpleNamespace:
    """Give the world of the module, as it was built. For modules without transactional tests."""
    kept: SimpleNamespace = pickle.loads(_kept)  # noqa: S301 - made above
    return kept


@pytest.fixture
def world(kept_world: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Give the world at the moment that it was built for."""
    with time_machine.travel(asked.NOW, tick=False):
        yield kept_world
