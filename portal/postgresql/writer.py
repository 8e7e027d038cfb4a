"""Writers: how rows come into a table, as an INSERT ... SELECT over a relation of a documented shape.

Whoever has the rows in SQL joins the statement to others; whoever has them in Python passes them as JSON. A column
of the table is named in its writer alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Model


@dataclass(frozen=True)
class Writer:
    """The INSERT into one table.

    *Shape*: `shape` names the columns that a relation has to have, with their types. They go into the columns of
    the table that are called so, all but those `only_read`. `made` are the other columns, as SQL over a row `r`;
    also those in which the writer does not take a value as it is. An `id` of the shape is drawn where it is NULL.
    """

    table: str
    shape: Mapping[str, str]
    made: Mapping[str, str] = field(default_factory=dict)
    only_read: tuple[str, ...] = ()

    def over(self, relation: str, *, then: str = "") -> str:
        """Write the statement for a relation: a table, a name of WITH, or a query in parentheses.

        Rows are written in the order in which the relation gives them.
        *Shape*: `then` follows the SELECT: RETURNING or ON CONFLICT.
        """
        taken = {name: f'r."{name}"' for name in self.shape if name not in self.only_read}
        if "id" in taken:
            taken["id"] = f"coalesce(r.id, nextval('{self.table}_id_seq'))"
        taken.update(self.made)
        into = ", ".join(f'"{name}"' for name in taken)
        return f"INSERT INTO {self.table} ({into})\nSELECT {', '.join(taken.values())}\nFROM {relation} r\n{then}"

    def nothing(self, *columns: str) -> str:
        """Write columns of the shape of which a relation has nothing."""
        return ", ".join(f'NULL::{self.shape[name]} AS "{name}"' for name in columns)

    def write(self, rows: Iterable[Mapping[str, Any]], *, then: str = "") -> list[Any]:
        """Write rows in one statement, none where there are no rows, and give RETURNING's one column."""
        if not (rows := list(rows)):
            return []
        with connection.cursor() as cursor:
            cursor.execute(self.over(given(self.shape), then=then), {"rows": passed(rows)})
            return [value for (value,) in cursor.fetchall()] if cursor.description else []

    def add(self, made: Iterable[Model]) -> None:
        """Write new instances of the table's model in one statement, and give them their keys."""
        made = list(made)
        rows = [{name: getattr(one, name) for name in self.shape} for one in made]
        for one, pk in zip(made, self.write(rows, then="RETURNING id"), strict=True):
            one.pk, one._state.adding, one._state.db = pk, False, connection.alias


def given(shape: Mapping[str, str], *, parameter: str = "rows") -> str:
    """Write the relation of rows that a parameter of the statement gives, made by `passed`."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in shape.items())
    return f"(SELECT * FROM jsonb_to_recordset(%({parameter})s::jsonb) AS g({columns}))"  # noqa: S608 - the shape


def passed(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as the JSON of a parameter. A column that a row leaves out is NULL."""
    return json.dumps(list(rows), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, (bytes, memoryview)):
        return f"\\x{bytes(value).hex()}"
    return str(value)
