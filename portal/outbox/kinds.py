"""The kinds of messages, and where messages go: declared by the apps that know the words and the addresses."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from portal.lib import declarations
from portal.outbox.policies import Addresses, Text


class TextOf(Protocol):
    """Write the text of a message about its cause; it is asked once, at the first attempt."""

    def __call__(self, *, cause_id: uuids.UUID, is_for_customer: bool) -> Text: ...


class SampleOf(Protocol):
    """Write the text of a message about something made up, so that staff see what it looks like."""

    def __call__(self, *, is_for_customer: bool) -> Text: ...


@dataclass(frozen=True)
class Kind:
    """A kind of message.

    *Shape*: `code` stays for good, `label` is what people read; `when` says when one is written, as a sentence.
    One that `is_for_staff` goes to the provider alone.
    """

    code: str
    label: str
    text_of: TextOf
    when: str = ""
    sample_of: SampleOf | None = None
    is_for_staff: bool = False


LookUp = Callable[[uuids.UUID], Addresses]

_KINDS: declarations.Declarations[dict[str, Kind]] = declarations.Declarations("letters", {})
_LOOK_UPS: declarations.Declarations[list[LookUp]] = declarations.Declarations("addresses", [])


def declare(kind: Kind) -> None:
    """Declare a kind. *Raises*: ValueError where its code is declared already."""
    if kind.code in _KINDS.so_far:
        raise ValueError(f"The kind of message {kind.code} is declared already.")
    _KINDS.so_far[kind.code] = kind


def declare_addresses(look_up: LookUp) -> None:
    """Declare who knows where messages about an organisation go today. *Raises*: ValueError for a second one."""
    if _LOOK_UPS.so_far:
        raise ValueError("It is declared already who knows the addresses.")
    _LOOK_UPS.so_far.append(look_up)


def of(code: str) -> Kind:
    """Give a kind. *Raises*: KeyError where nobody declared it."""
    return _KINDS.all()[code]


def label_of(code: str) -> str:
    """Say what a kind is called, its code where nobody declares it any more."""
    kind = _KINDS.all().get(code)
    return kind.label if kind else code


def every() -> list[Kind]:
    """Give all kinds, in the order of their labels."""
    return sorted(_KINDS.all().values(), key=lambda kind: kind.label)


def labels() -> list[tuple[str, str]]:
    """Give the code and the label of each kind."""
    return [(kind.code, kind.label) for kind in every()]


def addresses_of(organisation_uuid: uuids.UUID) -> Addresses:
    """Look up where messages about an organisation go today."""
    (look_up,) = _LOOK_UPS.all()
    return look_up(organisation_uuid)
