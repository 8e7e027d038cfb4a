"""Ask what a note that is marked as Sent would do to things above. The apps above declare it, in their module
`note_questions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from portal import frame
from portal.lib import declarations

Asker = Callable[[Mapping[int, Decimal]], tuple[frame.Refused, ...]]
"""Gives what speaks against giving back so much more of charge lines, by their primary keys."""

_askers: declarations.Declarations[list[Asker]] = declarations.Declarations("note_questions", [])


def declare(asker: Asker) -> Asker:
    """Have an asker asked before a note is marked as Sent, under the lock of its charges' invoices."""
    _askers.so_far.append(asker)
    return asker


def about(amounts: Mapping[int, Decimal]) -> tuple[frame.Refused, ...]:
    """Collect the questions. *Shape*: gross amounts by charge line."""
    return tuple(question for asker in _askers.all() for question in asker(amounts)) if amounts else ()
