"""Why nothing is posted on a credit account: a class for each outcome."""

from dataclasses import dataclass
from decimal import Decimal

from portal import frame


@dataclass(eq=False)
class BalanceOutOfRange(frame.Refused):
    """An entry would lift or lower the balance beyond what an account can hold."""

    code = "balance_out_of_range"
    status = 422
    field = "amount"

    balance: Decimal
    amount: Decimal


@dataclass(eq=False)
class BalanceMoved(frame.Refused):
    """The account has moved on since the balance was shown that an entry leads to."""

    code = "balance_moved"

    seen_seq: int
    last_seq: int


@dataclass(eq=False)
class TopUpNotWhole(frame.Refused):
    """A top-up is not above 0, or not in whole minor units of its currency."""

    code = "top_up_not_whole"
    status = 422
    field = "amount"

    amount: Decimal
    currency: str


class CorrectionAsks(frame.Refused):
    """A correction asks first. The app that knows what it would do raises a class of its own."""
