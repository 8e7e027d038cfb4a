"""Compute every termination again from its stored quote, and hold it against what was written.

Terminations are read a batch at a time, by key: what a termination refers to never changes after it (its settings
version, its cycles and their charges, the rows that it wrote), so that the statements of a batch see the same facts
whatever is written meanwhile, and memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from portal.verification import registry
from portal.verification.check import Asked, Walk
from portal.verification.shapes import Fault, plain
from subscriptions.checks.quoted import comparing, reading

SAYS = comparing.SAYS


def faults(asked: Asked) -> Iterator[Fault]:
    """Go through what does not agree. Reads only."""
    versions = reading.Versions()
    for ended in reading.terminations(versions):
        for kind, values in comparing.found(ended):
            said = {name: plain(value) for name, value in values.items()}
            yield Fault(kind=kind, where=f"termination {ended.uuid}", detail=SAYS[kind].format(**said))


registry.declare(__name__, 1100, Walk(tuple(SAYS), faults))
