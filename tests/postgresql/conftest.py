"""A server to make and drop databases on: the real one, under names that no run uses."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import sql
from pytest_django import DjangoDbBlocker


@dataclass(frozen=True)
class Server:
    """Hold a cursor that is in no test database, and the names of two databases that only one test uses."""

    cursor: CursorWrapper
    kept: str
    copied: str

    def connect(self, name: str) -> psycopg.Connection:
        parameters = connection.get_connection_params()
        plain = {key: parameters[key] for key in ("host", "port", "user", "password") if parameters.get(key)}
        return psycopg.connect(**plain, dbname=name, autocommit=True)

    def create(self, *rows: str) -> None:
        """Make the database that is kept, with one table, as migrating would."""
        self.cursor.execute(f"CREATE DATABASE {self.kept}")
        with self.connect(self.kept) as made:
            made.execute("CREATE TABLE words (word text)")
            for row in rows:
                made.execute("INSERT INTO words VALUES (%s)", [row])

    def words(self) -> list[str]:
        """Read what the copy holds."""
        with self.connect(self.copied) as copied:
            return [word for (word,) in copied.execute("SELECT word FROM words ORDER BY word")]


@pytest.fixture
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[Server]:
    """Give the server, and drop what was made there."""
    with django_db_blocker.unblock(), connection.creation._nodb_cursor() as cursor:
        here = Server(cursor, f"try_kept_{os.getpid()}", f"try_copied_{os.getpid()}")
        yield here
        for name in (here.kept, here.copied):
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
