"""Name the products, for settings that differ by product. A higher app declares them, in its `products`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portal.lib import declarations

# Gives the names of all products.
Names = Callable[[], Iterable[str]]

_declared: declarations.Declarations[list[Names]] = declarations.Declarations("products", [])


def declare(names: Names) -> Names:
    """Declare a function that names products."""
    _declared.so_far.append(names)
    return names


def names() -> tuple[str, ...]:
    """Name all products, each once, in their order."""
    return tuple(sorted({name for declared in _declared.all() for name in declared()}))
