"""A server to make and drop databases on: the real one, under names that no run uses."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


def server_cursor() -> AbstractContextManager[CursorWrapper]:
    """Give a cursor that is in no test database."""
    creation: Any = connection.creation  # its stubs don't name this one
    cursor: AbstractContextManager[CursorWrapper] = creation._nodb_cursor()
    return cursor


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
