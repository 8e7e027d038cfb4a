"""Tell the charges of what a note settled. The apps above declare it, in their module `settled_charges`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from portal.lib import declarations

Reader = Callable[[uuid.UUID], Sequence[int]]
"""Finds all charge lines of a settlement by the UUID of its cause; none where it does not know the cause."""

_readers: declarations.Declarations[list[Reader]] = declarations.Declarations("settled_charges", [])


def declare(reader: Reader) -> Reader:
    """Have a reader asked for the charges of a cause."""
    _readers.so_far.append(reader)
    return reader


def of_cause(cause_id: uuid.UUID) -> list[int]:
    """Find the charge lines of a cause, by their primary keys, in their order."""
    return [line_id for reader in _readers.all() for line_id in reader(cause_id)]
