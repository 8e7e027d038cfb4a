"""How PostgreSQL would do a statement, whatever it happens to know of the rows."""

from __future__ import annotations

from typing import Any

from django.db import connection

LARGE = 1000
# Of PostgreSQL itself, and so the product's; for other tests it is lower (tests/support/postgresql/creation.py).
AS_THE_PRODUCT = "SET LOCAL join_collapse_limit = 8"


def without_statistics(table: str) -> None:
    """Put a copy in front of a table that has its rows and indexes, but nothing that was counted before.

    The test database is kept: what PostgreSQL happened to know from earlier tests would choose the plans. Of a
    table never looked at it expects some rows, of which each value has few; large ones it has to count.
    """
    with connection.cursor() as cursor:
        # As an import has it: a session keeps to what it had at its first temporary table.
        cursor.execute("SET LOCAL temp_buffers = '64MB'")
        cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table}) ON COMMIT DROP")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s", [table])
        for (definition,) in cursor.fetchall():
            # What waits to be put into an index makes it dear.
            options = " WITH (fastupdate = off)" if " USING gin " in definition else ""
            cursor.execute(definition.replace(" ON public.", " ON pg_temp.") + options)
        cursor.execute(f"INSERT INTO pg_temp.{table} SELECT * FROM public.{table}")
        if cursor.rowcount >= LARGE:
            cursor.execute(f"ANALYZE pg_temp.{table}")


def plan_of(statement: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(AS_THE_PRODUCT)
        cursor.execute(f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}")
        ((document,),) = cursor.fetchall()
        plan: dict[str, Any] = document[0]["Plan"]
        return plan
