"""Temporary tables, which PostgreSQL drops at the end of the transaction; a test may import twice in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def clear(cursor: Any) -> None:
    """Drop the temporary tables that are there: an earlier import of the same transaction may have left some."""
    cursor.execute(
        "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'"
    )
    if names := [name for (name,) in cursor.fetchall()]:
        cursor.execute(f"DROP TABLE {', '.join(f'pg_temp.{name}' for name in names)}")


def create(cursor: Any, definition: str) -> None:
    """Create a table. *Shape*: the name, and the columns in parentheses."""
    cursor.execute(f"CREATE TEMPORARY TABLE {definition.strip()} ON COMMIT DROP")


def create_as(cursor: Any, name: str, query: str, values: Sequence[Any] | None = None) -> None:
    """Create a table of what a query gives."""
    cursor.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}", values)


def drop(cursor: Any, name: str) -> None:
    """Drop a table, so that another one can take its name."""
    cursor.execute(f"DROP TABLE pg_temp.{name}")
