"""The home page: what needs attention, by what somebody may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.lib import attention
from portal.lib.http import Request


def page(request: Request, *, at: datetime) -> dict[str, Any]:
    """Count everything, and part what waits from what does not."""
    found = attention.numbers(request, at=at)
    return {
        "waiting": [number for number in found if number.count],
        "others": [number for number in found if not number.count],
    }
