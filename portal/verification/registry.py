"""Know what the apps declare to `verify_ledger`, and in which order it is told.

An app declares its checks in its package `checks`. No app knows those above it, and yet their checks are told among
its own: so checks come with their place in the order, a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import autodiscover_modules

from portal.verification import hashes, seals
from portal.verification.check import Check, Walk

Parameters = Callable[[], Mapping[str, Any]]
"""Reads what the statements of checks may use as parameters, once for a run."""


@dataclass(frozen=True)
class Declared:
    """Hold checks that are told one after the other, and the module that declares them."""

    by: str
    checks: tuple[Check | Walk, ...]


class Registry:
    """Hold what is declared."""

    def __init__(self) -> None:
        self._declared: dict[int, Declared] = {}
        self._parameters: list[Parameters] = []

    def declare(self, by: str, order: int, *checks: Check | Walk) -> None:
        """Have checks run, and told at a place in the order that nobody else has. *Raises*: ValueError."""
        if order in self._declared:
            raise ValueError(f"{by} declares checks at {order}, where {self._declared[order].by} has declared some")
        self._declared[order] = Declared(by, checks)

    def declare_parameters(self, parameters: Parameters) -> Parameters:
        """Have parameters read before the first check."""
        self._parameters.append(parameters)
        return parameters

    def in_order(self) -> Iterator[Declared]:
        """Go through what is declared, in the order in which it is told."""
        for order in sorted(self._declared):
            yield self._declared[order]

    def parameters(self) -> dict[str, Any]:
        """Read all parameters."""
        return {name: value for read in self._parameters for name, value in read().items()}


DECLARED = Registry()
declare = DECLARED.declare
declare_parameters = DECLARED.declare_parameters

declare("portal.audit", 1010, hashes.AUDIT_HASH)
declare("portal.audit", 1020, *seals.CHECKS)


def declared() -> Registry:
    """Find what the apps declare.

    It is looked for here, and not when a process starts: nothing but `verify_ledger` needs it. Who runs the checks
    can't forget to look, either, and be told that everything agrees.
    """
    autodiscover_modules("checks")
    return DECLARED
