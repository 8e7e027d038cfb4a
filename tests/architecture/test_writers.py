"""Every writer takes the relation that it documents: no column less, and none that it does not read."""

import ast
import importlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from portal.postgresql.writer import Writer, passed
from tests.architecture.source import found, modules, place

WRITERS = {
    f"{module.path}:{name}": writer
    for module in modules()
    if module.named("writer") and module.path != "portal/postgresql/writer.py"
    for name, writer in vars(importlib.import_module(module.path.removesuffix(".py").replace("/", "."))).items()
    if isinstance(writer, Writer)
}


def _explain(writer: Writer, columns: dict[str, str]) -> None:
    relation = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {writer.over(f'(SELECT {relation} WHERE false)')}")


def test_writers_stand_in_modules_of_that_name():
    elsewhere = [
        place(module, node)
        for module, node in found(of=ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "Writer" and not module.named("writer")
    ]
    assert WRITERS
    assert elsewhere == []


@pytest.mark.django_db
def test_a_writer_reads_the_columns_of_its_shape_and_no_others():
    for name, writer in WRITERS.items():
        _explain(writer, dict(writer.shape))
        for column in writer.shape:
            left = {other: kind for other, kind in writer.shape.items() if other != column}
            with pytest.raises(DatabaseError, match=f"column r.{column} does not exist"):
                _explain(writer, left or {"nothing": "text"})
            assert set(writer.only_read) <= set(writer.shape), name


@pytest.mark.django_db
def test_a_writer_fills_what_must_be_filled():
    """A new column that must not be NULL breaks here first, and is then added to its writer."""
    lacking = {}
    for name, writer in WRITERS.items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_nullable = 'NO'"
                " AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'",
                [writer.table],
            )
            must = {column for (column,) in cursor.fetchall()}
        lacking[name] = must - (set(writer.shape) - set(writer.only_read)) - set(writer.made)
    assert lacking == dict.fromkeys(WRITERS, set())


@pytest.mark.django_db
def test_rows_that_are_passed_arrive_as_they_are_in_their_order():
    shape = {"n": "numeric", "at": "timestamptz", "hash": "bytea", "said": "jsonb", "nothing": "text", "on": "bool"}
    writer = Writer("kept", shape, made={"twice": "r.n * 2"})
    at = datetime(2026, 3, 10, 9, 0, 0, 5, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {"n": Decimal(number), "at": at, "hash": b"\x00\xff", "said": {"it's": ["%", None]}, "on": False}
        for number in ("0.000001", "98765432109876.654321", "-1")
    ]
    with connection.cursor() as cursor:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in shape.items())
        cursor.execute(f"CREATE TABLE kept (place serial, {columns}, twice numeric)")
        assert writer.write(rows, then="RETURNING place") == [1, 2, 3]
        assert writer.write([]) == []
        cursor.execute('SELECT n, at, hash, said, nothing, "on", twice FROM kept ORDER BY place')
        kept = [(n, at, bytes(hash_), json.loads(said), *rest) for n, at, hash_, said, *rest in cursor.fetchall()]
    assert kept == [(row["n"], at, b"\x00\xff", row["said"], None, False, row["n"] * 2) for row in rows]
    assert json.loads(passed(rows))[0]["n"] == "0.000001"
