"""Temporary tables, which PostgreSQL drops at the end of the transaction; a test may import twice in one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_CREATE = re.compile(r"\s*CREATE TEMPORARY TABLE (?P<table>\w+)")


def create(cursor: Any, definition: str) -> None:
    """Create a table. *Shape*: the name, and the columns in parentheses."""
    drop(cursor, definition.split()[:1])
    cursor.execute(f"CREATE TEMPORARY TABLE {definition.strip()} ON COMMIT DROP")


def create_as(cursor: Any, name: str, query: str) -> None:
    """Create a table of what a query gives."""
    drop(cursor, [name])
    cursor.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}")


def drop(cursor: Any, names: Iterable[str]) -> None:
    """Drop those of these tables that are there."""
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in names)}")


def made_by(statements: Iterable[str]) -> Iterator[str]:
    """Name the tables that statements are about to create."""
    for statement in statements:
        if made := _CREATE.match(statement):
            yield made["table"]
