"""The server that tests of kept databases make and drop theirs on."""

import os
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.support.postgresql import kept
from tests.support.postgresql.server import Server, server_cursor


@pytest.fixture
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[Server]:
    """Give the server, and drop what was made there."""
    with django_db_blocker.unblock(), server_cursor() as cursor:
        here = Server(cursor, f"try_kept_{os.getpid()}", f"try_copied_{os.getpid()}")
        yield here
        for name in (here.kept, here.copied):
            kept.drop(cursor, name)
