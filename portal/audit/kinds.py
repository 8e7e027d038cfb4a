"""The kinds of events: the code that stays for good, where it happens, and what people call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.lib import declarations


@dataclass(frozen=True)
class Kind:
    """A kind of event. *Shape*: `app` and `label` are what people read; `schema` numbers the shape of its data."""

    code: str
    app: str
    label: str
    schema: int = 1


_KINDS: declarations.Declarations[dict[str, Kind]] = declarations.Declarations("events", {})


def declare(app: str, labels: Mapping[str, str]) -> None:
    """Declare kinds of an app with their labels. *Raises*: ValueError where a code is declared twice."""
    for code, label in labels.items():
        if code in _KINDS.so_far:
            raise ValueError(f"The kind of event {code} is declared already.")
        _KINDS.so_far[code] = Kind(code, app=app, label=label)


def of(code: str) -> Kind:
    """Give a kind. *Raises*: KeyError where nobody declared it."""
    return _KINDS.all()[code]


def all_kinds() -> tuple[Kind, ...]:
    """Give every kind there is."""
    return tuple(_KINDS.all().values())
