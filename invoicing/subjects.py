"""Tell what charge lines are about. The apps above declare it, in their module `charge_subjects`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from portal.lib import declarations


@dataclass(frozen=True)
class Subject:
    """What a charge line is about, named so that it can't be mistaken, and where that is shown."""

    text: str
    url: str


Reader = Callable[[Collection[int]], Mapping[int, Subject]]
"""Finds the subjects of charge lines by their primary keys, in one query; leaves out those it does not know."""

_readers: declarations.Declarations[list[Reader]] = declarations.Declarations("charge_subjects", [])


def declare(reader: Reader) -> Reader:
    """Have a reader asked for the subjects of charge lines."""
    _readers.so_far.append(reader)
    return reader


def of_lines(line_ids: Collection[int]) -> dict[int, Subject]:
    """Find what charge lines are about, by their primary keys. One query for each app that declares a reader."""
    found: dict[int, Subject] = {}
    if line_ids:
        for reader in _readers.all():
            found.update(reader(line_ids))
    return found
