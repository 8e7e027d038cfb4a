"""The functions that the database keeps for the portal: each is a file `sql/NAME.sql` of its app.

Migrations write them out for themselves and never change, so a function that was written anew stands in several of
them. The file says how it is now; a test compares it with what migrating makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.apps import apps

# Those of extensions are not ours.
OURS = """
    SELECT p.oid, p.proname, p.prosrc FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.proname
"""


@dataclass(frozen=True)
class Function:
    """Hold a function's file. *Shape*: `body` is what stands between the dollar signs, PostgreSQL's `prosrc`."""

    path: Path
    statement: str

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def body(self) -> str:
        return self.statement.split("$$")[1]


@cache
def files() -> tuple[Function, ...]:
    """Read the files of all apps, by name."""
    found = [path for config in apps.get_app_configs() for path in Path(config.path).glob("sql/*.sql")]
    return tuple(Function(path, path.read_text()) for path in sorted(found, key=lambda path: path.stem))
