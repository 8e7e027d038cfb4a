"""Ask for the end of a subscription on a later day, withdraw it, and carry it out in the night after that day."""

from subscriptions.requests.operations.asking import LONGEST_REASON, Asked, ask, estimate, why_not_asked, withdraw
from subscriptions.requests.operations.carrying import Result
from subscriptions.requests.operations.night import Counts, carry_out_due

__all__ = [
    "LONGEST_REASON",
    "Asked",
    "Counts",
    "Result",
    "ask",
    "carry_out_due",
    "estimate",
    "why_not_asked",
    "withdraw",
]
