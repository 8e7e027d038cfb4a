"""The guards of the tables are there, switched on, valid, and say what migrating makes them say."""

from __future__ import annotations

from collections.abc import Iterator

from portal.postgresql import schema
from portal.verification.shapes import Fault

# By what is wrong with a guard, and of what kind it is.
KINDS = {
    "trigger_off": "it is switched off, so what it guards may have been changed meanwhile",
    "guard_missing": "it is not there, though migrating makes it",
    "guard_changed": "it is not what migrating makes it: {says}",
    "function_missing": "it is not there, though migrating makes it",
    "function_changed": "its text is not what migrating makes it: {says}",
    "index_missing": "it is not there, though migrating makes it",
    "constraint_not_valid": "what was there before it was never checked, or it is not enforced",
    "index_not_valid": "it is not used, for it was never finished",
}
_LONGEST = 300


def faults() -> Iterator[Fault]:
    """Compare the schema and go through what does not agree. Reads only."""
    for problem in schema.problems():
        kind = f"{problem.guard.kind}_{problem.what}"
        if kind not in KINDS:
            kind = f"guard_{problem.what}"
        yield Fault(kind=kind, where=str(problem.guard), detail=KINDS[kind].format(says=problem.says[:_LONGEST]))
