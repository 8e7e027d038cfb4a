"""Lead from a sentence to what it names: documents, UUIDs. Apps declare where in their module `mentions`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from portal.lib import declarations, markup

Finder = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the addresses of those words that name something, in one query."""

# What a sentence puts around a word is no part of it; a word that names something has a digit.
_WORD = re.compile(r"[^\s,;()“”\"]*\d[^\s,;()“”\"]*(?<![.:!?])")
_SHORTEST = 3
_MOST = 1000

_finders: declarations.Declarations[list[Finder]] = declarations.Declarations("mentions", [])


def declare(finder: Finder) -> Finder:
    """Have a finder asked where words lead to."""
    _finders.so_far.append(finder)
    return finder


def found_in(*shown: object) -> dict[str, str]:
    """Find where the words of all texts lead that are to be shown. One query for each app that declares a finder.

    *Shape*: `shown` are texts, or dataclasses and sequences of them.
    """
    words = sorted({word for text in _texts(shown) for word in _WORD.findall(text) if len(word) >= _SHORTEST})
    found: dict[str, str] = {}
    if words:
        for finder in _finders.all():
            found |= finder(words[:_MOST])
    return found


def linked(text: str, addresses: Mapping[str, str]) -> str:
    """Write a text, escaped, with links to what `found_in` has found."""
    parts: list[str] = []
    end = 0
    for word in _WORD.finditer(text) if addresses else ():
        if address := addresses.get(word[0]):
            parts += [text[end : word.start()], markup.put('<a href="%s">%s</a>', address, word[0])]
            end = word.end()
    return markup.joined((*parts, text[end:]))


def _texts(shown: object) -> Iterator[str]:
    if isinstance(shown, str):
        yield shown
    elif dataclasses.is_dataclass(shown):
        for field in dataclasses.fields(shown):
            yield from _texts(getattr(shown, field.name))
    elif isinstance(shown, tuple | list):
        for part in shown:
            yield from _texts(part)
