"""Find what a question names otherwise than by a search key. Apps declare finders in their module `search_finders`.

A search key is written for each organisation anew whenever one of them changes; what every import and every night
brings is asked of an index of its own table instead. A finder is asked by the shape of the question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.lib import declarations

MOST = 10
"""How many hits each finder gives; of more it gives one more, which says so."""


@dataclass(frozen=True)
class UuidRange:
    """A UUID, or the beginning of one: all UUIDs from the first to the last."""

    first: UUID
    last: UUID

    @property
    def is_whole(self) -> bool:
        """Say whether it is one UUID, which names one thing."""
        return self.first == self.last


@dataclass(frozen=True)
class NumberPart:
    """Any part of a number with a digit in it, folded: letters and digits alone, in lower case. At least three."""

    folded: str


@dataclass(frozen=True)
class ReferencePart:
    """Any part of a reference without a digit, folded likewise; asked where no customer answers."""

    folded: str


Shape = UuidRange | NumberPart | ReferencePart


@dataclass(frozen=True)
class Hit:
    """Something that a question names: what it is, how it is written, where it is shown, and whose it is."""

    kind: str
    text: str
    url: str
    organisation_uuid: UUID
    organisation_name: str


May = Callable[[str], bool]
"""Says whether whoever asks has a permission."""

Finder = Callable[..., Sequence[Hit]]

_finders: declarations.Declarations[dict[type[Shape], list[Finder]]] = declarations.Declarations(
    "search_finders", defaultdict(list)
)


def declare(shape: type[Shape]) -> Callable[[Finder], Finder]:
    """Have a finder asked questions of a shape: `finder(shape, most=..., may=...)`, one query.

    It asks `may` for the permission of each thing it names, and leaves out what is not to be seen.
    """

    def declared(finder: Finder) -> Finder:
        _finders.so_far[shape].append(finder)
        return finder

    return declared


def hits(shapes: Sequence[Shape], *, may: May) -> tuple[list[Hit], bool]:
    """Ask the finders, and say whether there is more than is given. One query or two for each finder and shape.

    Nobody else is asked for a whole UUID once somebody has found it.
    """
    found: list[Hit] = []
    is_cut = False
    for shape in shapes:
        for finder in _finders.all()[type(shape)]:
            given = finder(shape, most=MOST + 1, may=may)
            is_cut |= len(given) > MOST
            found += [hit for hit in given[:MOST] if hit not in found]
            if given and isinstance(shape, UuidRange) and shape.is_whole:
                break
    return found, is_cut
