from typing import Any


def context() -> dict[str, Any]:
    """Give the examples of the style guide."""
    return {}
