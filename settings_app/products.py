"""Name the products, for settings that differ by product. A higher app declares them, in its `products`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

# Gives the names of all products.
Names = Callable[[], Iterable[str]]

_declared: list[Names] = []


def declare(names: Names) -> Names:
    """Declare a function that names products."""
    _declared.append(names)
    return names


def names() -> tuple[str, ...]:
    """Name all products, each once, in their order."""
    return tuple(sorted({name for declared in _declared for name in declared()}))
