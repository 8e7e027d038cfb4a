"""The kinds of events: the code that stays for good, where it happens, and what people call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of event. *Shape*: `app` and `label` are what people read; `schema` numbers the shape of its data."""

    code: str
    app: str
    label: str
    schema: int = 1


_KINDS: dict[str, Kind] = {}


def declare(app: str, labels: Mapping[str, str]) -> None:
    """Declare kinds of an app with their labels. *Raises*: ValueError where a code is declared twice."""
    for code, label in labels.items():
        if code in _KINDS:
            raise ValueError(f"The kind of event {code} is declared already.")
        _KINDS[code] = Kind(code, app=app, label=label)


def of(code: str) -> Kind:
    """Give a kind. *Raises*: KeyError where nobody declared it."""
    return _KINDS[code]


def all_kinds() -> tuple[Kind, ...]:
    """Give every kind there is."""
    return tuple(_KINDS.values())
