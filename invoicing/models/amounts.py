"""How wide the columns of amounts are."""

from typing import Any

AMOUNT: dict[str, Any] = {"max_digits": 16, "decimal_places": 4}
