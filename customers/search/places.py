"""Say where an organisation stands in a list, and put together the statements that find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from customers.search import policies


@dataclass(frozen=True, order=True)
class Place:
    """Where an organisation stands in a list: what the key of a page names. *Shape*: sorted by these three."""

    score: int
    name: str
    id: int


class Sql(dict[str, Any]):
    """Collects what was typed as parameters, so that none of it is ever part of a statement."""

    def put(self, value: object) -> str:
        name = f"p{len(self)}"
        self[name] = value
        return f"%({name})s"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, self)
            return list(cursor.fetchall())

    def has(self, word: str) -> str:
        """Write the condition that a search text has a word, and not by chance in its UUID."""
        pattern = self.put(policies.pattern(word))
        if policies.is_hex(word):
            condition = f"split_part(text, '=', 1) LIKE {pattern}"
            if policies.is_uuid_beginning(word):
                condition += f" OR text LIKE {self.put(f'%={word}%')}"
            return f"text LIKE {pattern} AND ({condition})"
        if piece := policies.looked_up(word):
            # The index is asked for a piece, the few rows it finds for the whole.
            return f"text LIKE {self.put(f'%{piece}%')} AND text || '' LIKE {pattern}"
        return f"text LIKE {pattern}"
